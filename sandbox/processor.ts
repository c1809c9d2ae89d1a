import path from 'node:path';
import type { Logger } from '../platform/telemetry/logger.ts';
import type { Running } from '../platform/process.ts';
import { ANSWERS_SCHEMA } from './outcomes.ts';
import { openSqlite } from './sqlite.ts';
import { openServer } from './server.ts';
import { refuseCardNumbersOutsideBody } from './processor/card-number.ts';
import { LEDGER_SCHEMA } from './processor/ledger.ts';
import { processorRoutes } from './processor/routes.ts';

export interface ProcessorOptions {
  /** 0 takes any free one. */
  port: number;
  host?: string;
  /** Where its ledger is kept. */
  folder: string;
  logger: Logger;
}

/** Runs the sandbox card processor. */
export async function startProcessor(options: ProcessorOptions): Promise<Running & { url: string }> {
  const { port, host = '127.0.0.1', folder, logger } = options;
  const books = openSqlite(path.join(folder, 'processor.sqlite'), ANSWERS_SCHEMA + LEDGER_SCHEMA);
  try {
    const listening = await openServer({
      name: 'processor',
      routes: processorRoutes(books),
      books,
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
        books.close();
      },
    };
  } catch (error) {
    books.close();
    throw error;
  }
}
