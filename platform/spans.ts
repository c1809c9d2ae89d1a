import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, NoopSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace';

/**
 * Sends spans to the collector that the standard OTEL_EXPORTER_OTLP_* variables name. Where there is none spans are
 * still made, so that logs and problem documents carry real trace ids, and then dropped.
 */
export const spanProcessor: SpanProcessor =
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT || process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
    ? new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })
    : new NoopSpanProcessor();
