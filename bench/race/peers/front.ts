import { type IncomingMessage, createServer } from 'node:http';
import { port, readConfig } from '../../../platform/config.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { type Running, run } from '../../../platform/process.ts';
import type { CarrierReport, PlacedOrder } from './order.ts';

/** The setting for the port of every front. */
export const FRONT_PORT = 'FRONT_PORT';

/** The path to which the carrier reports movements, as at the platform's gateway. */
export const CARRIER_PATH = '/v1/callbacks/carrier';
/** The path for orders that go on after they are confirmed, at a system that ends others then. */
export const LIVES_PATH = '/lives';

type Place = (order: PlacedOrder) => Promise<{ status: string }>;

/** What a front does with what it receives. */
export interface Front {
  place: Place;
  placeForLife?: Place;
  /** The carrier's report. Its signature is not checked, as no customer's token is. */
  parcelMoved?: (report: CarrierReport) => Promise<unknown>;
  /** Ends what it does beside responding. */
  close?: () => Promise<void>;
}

/** By an order's status. Any other is 409. */
const STATUS_CODES: Readonly<Record<string, number>> = { confirmed: 201, pending: 202 };

/**
 * Serves `POST /orders`, with a response when the order is decided: 201 if it is confirmed, 409 if not, 202 if a
 * front no longer waits and the client may ask again. All systems without an HTTP API of their own use it, so that one
 * load generator can drive them all.
 */
export const serveOrders = (open: () => Promise<Front>): Promise<void> =>
  run(createLogger('front'), async (): Promise<Running> => {
    const front = await open();
    const server = createServer((request, response) => {
      // The check that it is ready.
      if (request.method === 'GET') {
        response.end('ok');
        return;
      }
      void handle(request, front).then(({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      );
    });
    const frontPort = readConfig({ [FRONT_PORT]: port(0) })[FRONT_PORT];
    await new Promise<void>((resolve) => server.listen(frontPort, '127.0.0.1', resolve));
    return {
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await front.close?.();
      },
    };
  });

async function handle(request: IncomingMessage, front: Front): Promise<{ status: number; body: unknown }> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return await respond(front, request.url, JSON.parse(Buffer.concat(chunks).toString()));
  } catch (error) {
    return { status: 500, body: { status: String(error) } };
  }
}

async function respond(front: Front, url: string | undefined, body: unknown) {
  if (url === CARRIER_PATH) {
    await front.parcelMoved!(body as CarrierReport);
    return { status: 200, body: {} };
  }
  const place = url === LIVES_PATH ? front.placeForLife! : front.place;
  const outcome = await place(body as PlacedOrder);
  return { status: STATUS_CODES[outcome.status] ?? 409, body: outcome };
}
