import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import Koa from 'koa';
import { createLogger } from '../../../platform/telemetry/logger.ts';

// Run by tracing.test.ts like any process of the platform, with tracing.ts preloaded. While it handles the first request
// it sends itself a second one, as when one service calls another, and prints what it saw of both.
const logger = createLogger('traced');
const seen: object[] = [];
const app = new Koa();
app.use(async ({ url, headers, response }) => {
  logger.info('request', { url });
  const span = trace.getActiveSpan() as { attributes?: Record<string, unknown> } | undefined;
  const recording = trace.getActiveSpan()?.isRecording();
  seen.push({ url, traceparent: headers.traceparent, recording, path: span?.attributes?.['url.path'] });
  if (url === '/outer') await fetch(`${base()}/inner/pr_${'A'.repeat(43)}`);
  response.status = 204;
});
const server = app.listen(0, '127.0.0.1', () => void sendRequests());
const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function sendRequests(): Promise<void> {
  await fetch(`${base()}/outer`, { headers: JSON.parse(process.argv[2] ?? '{}') as Record<string, string> });
  process.stdout.write(`${JSON.stringify({ seen })}\n`, () => process.exit(0));
}
