import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

/** A span as a tracing backend sees it: with the name of its resource's service. */
export interface CollectedSpan {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  /** Empty for the first span of a trace. */
  parentId: string;
  attributes: Readonly<Record<string, unknown>>;
  failed: boolean;
}

export interface TraceCollector {
  url: string;
  /** Everything received so far, undecoded: what is not in here was not sent. */
  received(): string;
  /** Every span received so far. */
  spans: readonly CollectedSpan[];
  close(): Promise<void>;
}

// The fields of https://github.com/open-telemetry/opentelemetry-proto/ (trace/v1, resource/v1, common/v1) that are read.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Export { repeated ResourceSpans resourceSpans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; }
  message Resource { repeated Attribute attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes traceId = 1; bytes spanId = 2; bytes parentSpanId = 4; string name = 5; repeated Attribute attributes = 9;
    Status status = 15;
  }
  message Status { string message = 2; int32 code = 3; }
  message Attribute { string key = 1; Value value = 2; }
  message Value { oneof value { string text = 1; bool flag = 2; int64 number = 3; double fraction = 4; } }
`);
const Export = root.lookupType('Export');

interface Attribute {
  key: string;
  value?: Record<string, unknown>;
}
interface ExportRequest {
  resourceSpans?: {
    resource: { attributes: Attribute[] };
    scopeSpans: {
      spans: (Record<'traceId' | 'spanId' | 'name', string> & {
        parentSpanId?: string;
        attributes?: Attribute[];
        status?: { code?: number };
      })[];
    }[];
  }[];
}

/** A collector for OTLP over HTTP with protobuf bodies. */
export async function startTraceCollector(): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  const messages: string[] = [];
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    const message = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    messages.push(message.toString('latin1'));
    spans.push(...spansIn(message));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  };
  const server = createServer((request, response) => void receive(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => messages.join('\n'),
    spans,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function spansIn(message: Buffer): CollectedSpan[] {
  const { resourceSpans = [] } = Export.toObject(Export.decode(message), {
    bytes: String,
    longs: Number,
  }) as ExportRequest;
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap((scope) =>
      scope.spans.map(({ traceId, spanId, parentSpanId, name, attributes = [], status }) => ({
        service,
        name,
        traceId,
        spanId,
        parentId: parentSpanId ?? '',
        attributes: valuesOf(attributes),
        failed: status?.code === 2,
      })),
    );
  });
}

const valuesOf = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value = {} }) => [key, Object.values(value)[0]]));
