import { randomUUID } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';
import { Server } from 'node:http';
import {
  type Context,
  ROOT_CONTEXT,
  TraceFlags,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

// Tracing without a collector: every request has a trace id, the caller's or a new one, and passes it on, so that logs
// and problem documents carry it. There are no spans, and the SDK that records them is not loaded: it takes 25 MB in
// every process and a tenth of a read's CPU.

const traceparent = new W3CTraceContextPropagator();

/** From now on every incoming request has a trace id, and so does every request that undici or fetch sends for it. */
export function propagateTraceIds(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(traceparent);
  // As OpenTelemetry's HTTP instrumentation does it: there is no other way to run a listener in a context.
  const emit = Reflect.get(Server.prototype, 'emit') as (this: Server, ...args: unknown[]) => boolean;
  Server.prototype.emit = function emitInContext(this: Server, ...args: unknown[]): boolean {
    const [event, request] = args;
    if (event !== 'request') return Reflect.apply(emit, this, args);
    return context.with(traceOf(request as { headers: object }), () => Reflect.apply(emit, this, args));
  } as typeof Server.prototype.emit;
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { addHeader(name: string, value: string): void } };
    const headers: Record<string, string> = {};
    traceparent.inject(context.active(), headers, defaultTextMapSetter);
    for (const [name, value] of Object.entries(headers)) request.addHeader(name, value);
  });
}

/** The caller's trace, or a new one. */
function traceOf({ headers }: { headers: object }): Context {
  const given = traceparent.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  return trace.getSpanContext(given) ? given : trace.setSpanContext(ROOT_CONTEXT, newSpanContext());
}

function newSpanContext() {
  const hex = () => randomUUID().replaceAll('-', '');
  return { traceId: hex(), spanId: hex().slice(0, 16), traceFlags: TraceFlags.NONE };
}
