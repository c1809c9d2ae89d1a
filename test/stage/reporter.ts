import path from 'node:path';
import Mocha from 'mocha';

const SLOWEST = 10;

/** Mocha's own report, followed by the slowest files and a one-line summary. */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const milliseconds = new Map<string, number>();
    const count = ({ file, duration = 0 }: { file?: string; duration?: number }) => {
      if (file) milliseconds.set(file, (milliseconds.get(file) ?? 0) + duration);
    };
    runner.on('test end', count);
    runner.on('hook end', count);
    runner.once('end', () => {
      const { passes, failures } = this.stats;
      process.stdout.write(`${slowest(milliseconds)}\n${passes} passed, ${failures} failed\n`);
    });
  }
}

const slowest = (milliseconds: ReadonlyMap<string, number>): string =>
  [...milliseconds]
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, SLOWEST)
    .map(([file, ms]) => `${(ms / 1000).toFixed(1).padStart(6)} s  ${path.relative('', file)}`)
    .join('\n');
