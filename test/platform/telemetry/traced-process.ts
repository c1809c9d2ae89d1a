import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import Koa from 'koa';
import { createLogger } from '../../../platform/telemetry/logger.ts';

// Run by tracing.test.ts as a process of the platform is: with tracing.ts loaded before it. Its second request is made
// while it answers the first, as when one service asks another; it tells what it saw of both.
const logger = createLogger('traced');
const seen: object[] = [];
const app = new Koa();
app.use(async ({ url, headers, response }) => {
  logger.info('asked', { url });
  seen.push({ url, traceparent: headers.traceparent, recording: trace.getActiveSpan()?.isRecording() });
  if (url === '/outer') await fetch(`${base()}/inner`);
  response.status = 204;
});
const server = app.listen(0, '127.0.0.1', () => void ask());
const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function ask(): Promise<void> {
  await fetch(`${base()}/outer`, { headers: JSON.parse(process.argv[2] ?? '{}') as Record<string, string> });
  process.stdout.write(`${JSON.stringify({ seen })}\n`, () => process.exit(0));
}
