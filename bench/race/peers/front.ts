import { type IncomingMessage, createServer } from 'node:http';
import { port, readConfig } from '../../../platform/config.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { type Running, run } from '../../../platform/process.ts';
import type { PlacedOrder } from './order.ts';

/** The setting for the port of every front. */
export const FRONT_PORT = 'FRONT_PORT';

/**
 * Serves `POST /orders`, with a response when the order is decided: 201 if it is confirmed, 409 if not. All systems
 * without an HTTP API of their own use it, so that one load generator can drive them all.
 */
export const serveOrders = (open: () => Promise<(order: PlacedOrder) => Promise<{ status: string }>>): Promise<void> =>
  run(createLogger('front'), async (): Promise<Running> => {
    const place = await open();
    const server = createServer((request, response) => {
      // The check that it is ready.
      if (request.method === 'GET') {
        response.end('ok');
        return;
      }
      void handle(request, place).then(({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      );
    });
    const frontPort = readConfig({ [FRONT_PORT]: port(0) })[FRONT_PORT];
    await new Promise<void>((resolve) => server.listen(frontPort, '127.0.0.1', resolve));
    return {
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  });

async function handle(
  request: IncomingMessage,
  place: (order: PlacedOrder) => Promise<{ status: string }>,
): Promise<{ status: number; body: unknown }> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const outcome = await place(JSON.parse(Buffer.concat(chunks).toString()) as PlacedOrder);
    return { status: outcome.status === 'confirmed' ? 201 : 409, body: outcome };
  } catch (error) {
    return { status: 500, body: { status: String(error) } };
  }
}
