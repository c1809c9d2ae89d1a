import { warn } from './command-line.ts';

// On Ctrl-C the terminal signals this process and npm, which forwards the signal: two this close together count as one.
const SAME_SIGNAL_MS = 1_000;

/**
 * Aborted by the first Ctrl-C: the tool starts nothing new and finishes what it has begun. The second ends the process
 * at once, after `atOnce`, which must not wait for anything. SIGHUP: the terminal was closed.
 */
export function stopOnSignal(atOnce: () => void): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  const stop = () => {
    if (!controller.signal.aborted) {
      firstAt = Date.now();
      controller.abort();
      warn('finishing what has begun; run the command again to continue');
    } else if (Date.now() - firstAt >= SAME_SIGNAL_MS) {
      atOnce();
      process.exit(130);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  return controller.signal;
}
