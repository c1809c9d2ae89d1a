import path from 'node:path';
import type { Logger } from '../platform/telemetry/logger.ts';
import type { Running } from '../platform/process.ts';
import { ANSWERS_SCHEMA } from './outcomes.ts';
import { openSqlite } from './sqlite.ts';
import { CALLBACKS_SCHEMA, type CallbackReceiver, startCallbacks } from './carrier/callbacks.ts';
import { startPace } from './carrier/pace.ts';
import { PARCELS_SCHEMA, createParcels } from './carrier/parcels.ts';
import { carrierRoutes } from './carrier/routes.ts';
import { openServer } from './server.ts';
import type { Loop } from './loop.ts';

export interface CarrierOptions {
  /** 0 takes any free one. */
  port: number;
  host?: string;
  /** Where its parcels and its ledger are kept. */
  folder: string;
  /** Who is told of every move. */
  callback: CallbackReceiver;
  /** Seconds between the steps of a parcel that moves by itself; 0: none does. */
  paceSeconds?: number;
  logger: Logger;
}

/** Runs the sandbox carrier. */
export async function startCarrier(options: CarrierOptions): Promise<Running & { url: string }> {
  const { port, host = '127.0.0.1', folder, callback, paceSeconds = 0, logger } = options;
  const books = openSqlite(path.join(folder, 'carrier.sqlite'), ANSWERS_SCHEMA + PARCELS_SCHEMA + CALLBACKS_SCHEMA);
  const loops: Loop[] = [];
  const parcels = createParcels(books, () => loops.forEach((loop) => loop.wake()));
  try {
    const listening = await openServer({
      name: 'carrier',
      routes: carrierRoutes(books, parcels),
      books,
      logger,
      port,
      host,
      setting: 'CARRIER_PORT',
    });
    loops.push(startCallbacks(books, callback, logger));
    if (paceSeconds > 0) loops.push(startPace(parcels, paceSeconds * 1000));
    logger.info('listening', { url: listening.url });
    return {
      url: listening.url,
      async close() {
        await listening.close();
        await Promise.all(loops.map((loop) => loop.close()));
        books.close();
      },
    };
  } catch (error) {
    books.close();
    throw error;
  }
}
