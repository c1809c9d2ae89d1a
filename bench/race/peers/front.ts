import { type IncomingMessage, createServer } from 'node:http';
import { port, readConfig } from '../../../platform/config.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { type Running, run } from '../../../platform/process.ts';
import type { PlacedOrder } from './order.ts';

/** Where every front listens. */
export const FRONT_PORT = 'FRONT_PORT';

/**
 * Serves `POST /orders`, answered when the order is decided: 201 where it is confirmed, 409 where it is not. The same
 * few lines for everybody that has no HTTP entrance of its own, so that one load generator can drive them all.
 */
export const serveOrders = (open: () => Promise<(order: PlacedOrder) => Promise<{ status: string }>>): Promise<void> =>
  run(createLogger('front'), async (): Promise<Running> => {
    const place = await open();
    const server = createServer((request, response) => {
      // Asked whether it is there.
      if (request.method === 'GET') {
        response.end('ok');
        return;
      }
      void answer(request, place).then(({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      );
    });
    const asked = readConfig({ [FRONT_PORT]: port(0) })[FRONT_PORT];
    await new Promise<void>((resolve) => server.listen(asked, '127.0.0.1', resolve));
    return {
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  });

async function answer(
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
