import { SettingError } from './config.ts';
import type { Logger } from './telemetry/logger.ts';

export interface Running {
  close(): Promise<void>;
}

/**
 * Runs a process until SIGINT or SIGTERM, then closes what it started and exits.
 * An invalid setting ends it with one line on standard error and exit code 1.
 */
export async function run(logger: Logger, start: () => Promise<Running>): Promise<void> {
  // A bug outside of any request: the state is unknown, so the supervisor must start a fresh process.
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
  // A supervisor that was killed cannot send a signal, but its IPC channel closes.
  if (process.send) process.once('disconnect', () => void stop('disconnect'));
}
