// Preloaded with --import, so that http and pg are patched before anything loads them.
import { isMainThread } from 'node:worker_threads';

/** Whether the standard OTEL_EXPORTER_OTLP_* variables name a collector. */
const hasCollector = Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT || process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);

// Temporal's workflow threads run preloads again, but have their own tracing. When tracing is turned off, nothing is
// patched.
if (isMainThread && process.env.OTEL_SDK_DISABLED !== 'true') {
  // Loaded only when used: the SDK that records spans takes 25 MB and a third of a second in every process.
  if (hasCollector) {
    process.env.OTEL_METRICS_EXPORTER ??= 'none';
    process.env.OTEL_LOGS_EXPORTER ??= 'none';
    (await import('./trace-spans.ts')).collectSpans(process.env.OTEL_SERVICE_NAME || undefined);
  } else {
    (await import('./trace-ids.ts')).propagateTraceIds();
  }
}
