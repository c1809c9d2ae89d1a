import path from 'node:path';
import type { Logger } from '../platform/telemetry/logger.ts';
import type { Running } from '../platform/process.ts';
import { OUTCOMES_SCHEMA } from './outcomes.ts';
import { openSqlite } from './sqlite.ts';
import { startServer } from './server.ts';
import { refuseCardNumbersOutsideBody } from './processor/card-number.ts';
import { LEDGER_SCHEMA } from './processor/ledger.ts';
import { processorPage } from './processor/page.ts';
import { processorRoutes } from './processor/routes.ts';

export interface ProcessorOptions {
  /** 0: any free port. */
  port: number;
  host?: string;
  /** The folder of its database file. */
  folder: string;
  logger: Logger;
}

/** Runs the sandbox card processor. */
export async function startProcessor(options: ProcessorOptions): Promise<Running & { url: string }> {
  const { port, host = '127.0.0.1', folder, logger } = options;
  const db = openSqlite(path.join(folder, 'processor.sqlite'), OUTCOMES_SCHEMA + LEDGER_SCHEMA);
  try {
    const listening = await startServer({
      name: 'processor',
      routes: processorRoutes(db),
      page: processorPage,
      db,
      logger,
      port,
      host,
      setting: 'PROCESSOR_PORT',
      before: refuseCardNumbersOutsideBody,
    });
    logger.info('listening', { url: listening.url });
    return {
      url: listening.url,
      async close() {
        await listening.close();
        db.close();
      },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}
