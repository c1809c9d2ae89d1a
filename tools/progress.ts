import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** Counts one finished item, which makes up this many units. */
  step(units?: number): void;
  stop(): void;
}

// Without a terminal, a line now and then shows that the tool still runs.
const LINE_EVERY_MS = 10_000;

/** A bar on standard error with the rate in `unit` per second; without a terminal, a plain line every 10 s. */
export function showProgress(title: string, total: number, unit: string): Progress {
  const startedAt = performance.now();
  const bar = new SingleBar(
    {
      format: `${title} |{bar}| {value}/{total} | {rate} ${unit}/s | {eta_formatted} left`,
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: LINE_EVERY_MS,
      hideCursor: true,
      // The tool handles Ctrl-C itself and stops the bar.
      gracefulExit: false,
      etaBuffer: 200,
    },
    Presets.shades_classic,
  );
  let done = 0;
  let doneUnits = 0;
  bar.start(total, 0, { rate: '0' });
  // The bar hides the cursor, also of a run that a signal ends at once.
  const stop = () => bar.stop();
  process.once('exit', stop);
  return {
    step: (units = 1) => {
      doneUnits += units;
      bar.update(++done, { rate: ((doneUnits / (performance.now() - startedAt)) * 1000).toFixed(1) });
    },
    stop: () => {
      process.off('exit', stop);
      stop();
    },
  };
}
