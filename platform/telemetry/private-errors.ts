import { SpanStatusCode } from '@opentelemetry/api';
import type { Span, SpanProcessor } from '@opentelemetry/sdk-trace';

/**
 * Removes PostgreSQL's message from the status of a failed SQL span: it may quote a value, as in `invalid input syntax
 * for type integer: "…"`. The span's exception still has the error's code.
 */
export const privateErrors: SpanProcessor = {
  onStart: () => undefined,
  onEnding(span: Span) {
    if (span.status.code === SpanStatusCode.ERROR && 'db.system.name' in span.attributes)
      span.setStatus({ code: SpanStatusCode.ERROR });
  },
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};
