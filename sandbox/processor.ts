import path from 'node:path';
import type { Logger } from '../platform/telemetry/logger.ts';
import type { Running } from '../platform/process.ts';
import { CALLBACKS_SCHEMA, type CallbackReceiver, startCallbacks } from './callbacks.ts';
import type { Loop } from './loop.ts';
import { OUTCOMES_SCHEMA } from './outcomes.ts';
import { openSqlite } from './sqlite.ts';
import { startServer } from './server.ts';
import { refuseCardNumbersOutsideBody } from './processor/card-number.ts';
import { CONFIRMATIONS_SCHEMA, Confirmations, confirmationPath } from './processor/confirmations.ts';
import { CUSTOMERS_SCHEMA } from './processor/customers.ts';
import { DISPUTES_SCHEMA } from './processor/disputes.ts';
import { LEDGER_SCHEMA } from './processor/entries.ts';
import { processorPage } from './processor/page.ts';
import { processorRoutes } from './processor/routes.ts';
import { upgradeHolds } from './processor/upgrade.ts';

export interface ProcessorOptions {
  /** 0: any free port. */
  port: number;
  host?: string;
  /** The folder of its database file. */
  folder: string;
  /** Receives the events about payments. Absent: none are sent. */
  callback?: Omit<CallbackReceiver, 'header'>;
  /** The address at which a customer's browser reaches this server; by default the one that it listens on. */
  publicUrl?: string | undefined;
  logger: Logger;
}

/** Runs the sandbox card processor. */
export async function startProcessor(options: ProcessorOptions): Promise<Running & { url: string }> {
  const { port, host = '127.0.0.1', folder, callback, logger } = options;
  const schema = [
    OUTCOMES_SCHEMA,
    LEDGER_SCHEMA,
    CUSTOMERS_SCHEMA,
    CONFIRMATIONS_SCHEMA,
    DISPUTES_SCHEMA,
    CALLBACKS_SCHEMA,
  ].join('');
  const db = openSqlite(path.join(folder, 'processor.sqlite'), schema);
  upgradeHolds(db);
  let { publicUrl } = options;
  let callbacks: Loop | undefined;
  const confirmations = new Confirmations(db, {
    pageOf: (hold) => `${publicUrl}${confirmationPath(hold)}`,
    told: () => callbacks?.wake(),
  });
  try {
    const listening = await startServer({
      name: 'processor',
      routes: processorRoutes(db, confirmations),
      page: processorPage,
      db,
      logger,
      port,
      host,
      setting: 'PROCESSOR_PORT',
      before: refuseCardNumbersOutsideBody,
    });
    publicUrl ??= listening.url;
    if (callback) callbacks = startCallbacks(db, { ...callback, header: 'Processor-Signature' }, logger);
    logger.info('listening', { url: listening.url });
    return {
      url: listening.url,
      async close() {
        await listening.close();
        await callbacks?.close();
        db.close();
      },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}
