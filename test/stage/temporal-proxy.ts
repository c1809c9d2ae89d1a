import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.ts';

export interface TemporalProxyOptions {
  /** host:port of the Temporal server behind it, without TLS. */
  target: string;
  certificate: Certificate;
  /** The CA of clients' certificates (PEM). With it, a client without such a certificate is refused in the handshake. */
  clientCa?: string;
  /** With it, a request without `authorization: Bearer <apiKey>` is answered with UNAUTHENTICATED, as Temporal Cloud does. */
  apiKey?: string;
}

export interface TemporalProxy {
  address: string;
  /** The `authorization` headers of the requests so far, each once. */
  authorizations: ReadonlySet<string | undefined>;
  /** The names that clients asked for in the handshake (SNI), each once. */
  serverNames: ReadonlySet<string | undefined>;
  close(): Promise<void>;
}

const UNAUTHENTICATED = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-status': '16',
  'grpc-message': 'Request unauthorized.',
};

/** Puts TLS (ALPN h2), client certificates and API keys in front of a Temporal server: gRPC over HTTP/2, unchanged. */
export async function startTemporalProxy({
  target,
  certificate,
  clientCa,
  apiKey,
}: TemporalProxyOptions): Promise<TemporalProxy> {
  const upstream = http2.connect(`http://${target}`);
  const authorizations = new Set<string | undefined>();
  const serverNames = new Set<string | undefined>();
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createSecureServer({
    ...certificate,
    ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  });
  server.on('session', (session) => {
    sessions.add(session);
    serverNames.add((session.socket as TLSSocket & { servername?: string }).servername);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    authorizations.add(headers.authorization);
    if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`) {
      stream.respond(UNAUTHENTICATED, { endStream: true });
      return;
    }
    forward(stream, headers, upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorizations,
    serverNames,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.destroy();
      upstream.destroy();
      await closed;
    },
  };
}

/** One gRPC call: its headers, its messages, and the status in its trailers. */
function forward(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  upstream: http2.ClientHttp2Session,
): void {
  const call = upstream.request({ ...headers, ':scheme': 'http' });
  const trailers: http2.IncomingHttpHeaders = {};
  call.on('trailers', (received) => Object.assign(trailers, received));
  call.on('response', (response, flags) => {
    // A call that fails at once has its status in its headers.
    const endStream = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    if (stream.destroyed) return;
    stream.respond(response, { endStream, waitForTrailers: !endStream });
    if (endStream) return;
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    call.pipe(stream);
  });
  stream.pipe(call);
  stream.on('close', () => call.close());
  stream.on('error', () => call.close());
  call.on('error', () => stream.close());
}
