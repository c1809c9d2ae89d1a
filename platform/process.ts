import { SettingError } from './config.ts';
import type { Logger } from './telemetry/logger.ts';

export interface Running {
  close(): Promise<void>;
}

/**
 * Runs a process until SIGINT or SIGTERM, then closes what was started and ends.
 * A wrong setting ends it at once with one line on standard error and exit code 1.
 */
export async function run(logger: Logger, start: () => Promise<Running>): Promise<void> {
  // A bug nobody waited for: the state is unknown, and whoever supervises starts a fresh process.
  process.on('unhandledRejection', (error) => {
    logger.error('unhandled rejection', { error });
    process.exit(1);
  });
  let running: Running;
  try {
    running = await start();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  const stop = async (signal: string) => {
    logger.info('stopping', { signal });
    await running.close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(signal));
  // A supervisor that was killed outright cannot signal; its closed channel does.
  if (process.send) process.once('disconnect', () => void stop('disconnect'));
}
