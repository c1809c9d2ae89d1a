import path from 'node:path';
import type { Logger } from '../platform/telemetry/logger.ts';
import type { Running } from '../platform/process.ts';
import { OUTCOMES_SCHEMA } from './outcomes.ts';
import { openSqlite } from './sqlite.ts';
import { CALLBACKS_SCHEMA, type CallbackReceiver, startCallbacks, upgradeCallbacks } from './callbacks.ts';
import { carrierPage } from './carrier/page.ts';
import { startPace } from './carrier/pace.ts';
import { Parcels } from './carrier/parcels.ts';
import { carrierRoutes } from './carrier/routes.ts';
import { PARCELS_SCHEMA, upgradeParcels } from './carrier/tables.ts';
import { startServer } from './server.ts';
import type { Loop } from './loop.ts';

export interface CarrierOptions {
  /** 0: any free port. */
  port: number;
  host?: string;
  /** The folder of its database file. */
  folder: string;
  /** Receives every status change of a parcel. */
  callback: Omit<CallbackReceiver, 'header'>;
  /** Seconds between the steps of a parcel; 0: parcels move only by request. */
  paceSeconds?: number;
  /** Days from a booking until the parcel is promised to have arrived. */
  promiseDays?: number;
  logger: Logger;
}

/** Runs the sandbox carrier. */
export async function startCarrier(options: CarrierOptions): Promise<Running & { url: string }> {
  const { port, host = '127.0.0.1', folder, callback, paceSeconds = 0, promiseDays = 5, logger } = options;
  const db = openSqlite(path.join(folder, 'carrier.sqlite'), OUTCOMES_SCHEMA + PARCELS_SCHEMA + CALLBACKS_SCHEMA);
  upgradeCallbacks(db);
  upgradeParcels(db);
  const loops: Loop[] = [];
  const parcels = new Parcels(db, { promiseDays, changed: () => loops.forEach((loop) => loop.wake()) });
  try {
    const listening = await startServer({
      name: 'carrier',
      routes: carrierRoutes(db, parcels),
      page: carrierPage,
      db,
      logger,
      port,
      host,
      setting: 'CARRIER_PORT',
    });
    loops.push(startCallbacks(db, { ...callback, header: 'Carrier-Signature' }, logger));
    if (paceSeconds > 0) loops.push(startPace(parcels, paceSeconds * 1000));
    logger.info('listening', { url: listening.url });
    return {
      url: listening.url,
      async close() {
        await listening.close();
        await Promise.all(loops.map((loop) => loop.close()));
        db.close();
      },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}
