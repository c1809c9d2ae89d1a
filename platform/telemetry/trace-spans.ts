import type { Span } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { privateErrors } from './private-errors.ts';
import { withoutSecrets } from './secret-paths.ts';
import { ServiceSpans } from './service-spans.ts';
import { summarizeSql } from './sql-summary.ts';

/**
 * Sends spans of every HTTP request and SQL statement to the collector. OTEL_TRACES_SAMPLER samples; the default is all.
 *
 * @param serviceName the name of every span's service; undefined: each service of the process has its own
 */
export function collectSpans(serviceName: string | undefined): void {
  const sending = new BatchSpanProcessor({ exporter: new OTLPTraceExporter() });
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({ 'service.name': serviceName ?? 'order-platform' }),
    spanProcessors: [privateErrors, serviceName === undefined ? new ServiceSpans(sending) : sending],
    instrumentations: [
      new HttpInstrumentation({
        ignoreIncomingRequestHook: (request) => /^\/(livez|readyz|metrics)/.test(request.url ?? ''),
        startIncomingSpanHook: ({ url }) => withoutSecrets(url),
      }),
      new UndiciInstrumentation(),
      new PgInstrumentation({
        requireParentSpan: true,
        requestHook: (span, { query }) => nameStatement(span, query.text),
      }),
    ],
  });
  sdk.start();
  process.once('beforeExit', () => {
    sdk.shutdown().catch((error: unknown) => process.stderr.write(`could not shut down tracing: ${String(error)}\n`));
  });
}

/**
 * https://opentelemetry.io/docs/specs/semconv/database/database-spans/: by what the statement does. The instrumentation
 * would name it after the prepared statement, a name that says nothing and differs between processes.
 */
function nameStatement(span: Span, text: string): void {
  const { operation, collection, summary } = summarizeSql(text);
  span.updateName(summary).setAttributes({
    'db.operation.name': operation,
    'db.query.summary': summary,
    ...(collection !== undefined && { 'db.collection.name': collection }),
  });
}
