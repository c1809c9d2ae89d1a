import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** One more is done, and with it this many of the unit. */
  step(units?: number): void;
  stop(): void;
}

// Where nobody watches a terminal, a line now and then tells that it goes on.
const LINE_EVERY_MS = 10_000;

/** A bar on standard error, with how many of `unit` a second; a plain line every 10 s where that is no terminal. */
export function showProgress(title: string, total: number, unit: string): Progress {
  const startedAt = performance.now();
  const bar = new SingleBar(
    {
      format: `${title} |{bar}| {value}/{total} | {rate} ${unit}/s | {eta_formatted} left`,
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: LINE_EVERY_MS,
      hideCursor: true,
      // A program of its own hears Ctrl-C and stops the bar.
      gracefulExit: false,
      etaBuffer: 200,
    },
    Presets.shades_classic,
  );
  let done = 0;
  let made = 0;
  bar.start(total, 0, { rate: '0' });
  return {
    step: (units = 1) => {
      made += units;
      bar.update(++done, { rate: ((made / (performance.now() - startedAt)) * 1000).toFixed(1) });
    },
    stop: () => bar.stop(),
  };
}
