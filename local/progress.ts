/** The terminal output of `npm start`: one line per completed step, with its duration. */
export interface Progress {
  /** Runs one step and prints a line when it is done; `detail` adds text to the line. */
  step<Result>(name: string, work: () => Promise<Result>, detail?: (result: Result) => string): Promise<Result>;
  print(line: string): void;
  /** All completed steps, the longest first. Many ran in parallel, so the times do not add up. */
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
    print: (line) => write(`${line}\n`),
  };
}
