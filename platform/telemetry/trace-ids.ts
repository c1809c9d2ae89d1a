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

// What tracing is where nobody collects traces: every request has a trace's id, its caller's or a new one, and hands
// it on, so that logs and problem documents carry it. There are no spans, and nothing of the SDK that makes them: it
// is 25 MB in every process, and a tenth of what a read costs.

const traceparent = new W3CTraceContextPropagator();

/** Every request that is answered, and what is asked meanwhile by undici or fetch, has an id from here on. */
export function handIdsOn(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(traceparent);
  // As OpenTelemetry's own instrumentation has it: nothing else runs a listener in a context.
  const emit = Reflect.get(Server.prototype, 'emit') as (this: Server, ...args: unknown[]) => boolean;
  Server.prototype.emit = function emitInContext(this: Server, ...told: unknown[]): boolean {
    const [event, request] = told;
    if (event !== 'request') return Reflect.apply(emit, this, told);
    return context.with(traceOf(request as { headers: object }), () => Reflect.apply(emit, this, told));
  } as typeof Server.prototype.emit;
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { addHeader(name: string, value: string): void } };
    const headers: Record<string, string> = {};
    traceparent.inject(context.active(), headers, defaultTextMapSetter);
    for (const [name, value] of Object.entries(headers)) request.addHeader(name, value);
  });
}

/** The caller's trace, or one that begins here. */
function traceOf({ headers }: { headers: object }): Context {
  const given = traceparent.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  return trace.getSpanContext(given) ? given : trace.setSpanContext(ROOT_CONTEXT, fresh());
}

function fresh() {
  const hex = () => randomUUID().replaceAll('-', '');
  return { traceId: hex(), spanId: hex().slice(0, 16), traceFlags: TraceFlags.NONE };
}
