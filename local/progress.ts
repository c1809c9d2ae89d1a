/** What `npm start` tells the person in front of it: one line for each thing done, with the time it took. */
export interface Progress {
  /** Does one thing and says so once it is done; `detail` adds what there is to know about it. */
  step<Result>(name: string, work: () => Promise<Result>, detail?: (result: Result) => string): Promise<Result>;
  say(line: string): void;
  /** Everything done so far, what took longest first. Much of it ran side by side: the times do not add up. */
  phases(): string;
}

const NAME_WIDTH = 22;

export function createProgress(write: (text: string) => void): Progress {
  const done: { name: string; seconds: number }[] = [];
  return {
    async step(name, work, detail) {
      const startedAt = performance.now();
      const result = await work();
      const seconds = (performance.now() - startedAt) / 1000;
      done.push({ name, seconds });
      const took = seconds.toFixed(1).padStart(5);
      write(`  ${name.padEnd(NAME_WIDTH)}${took} s  ${detail?.(result) ?? ''}`.trimEnd() + '\n');
      return result;
    },
    phases: () =>
      done
        .toSorted((one, other) => other.seconds - one.seconds)
        .map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`)
        .join(', '),
    say: (line) => write(`${line}\n`),
  };
}
