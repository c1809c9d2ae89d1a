export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** The value in the middle; what a busy machine did to single rounds does not move it. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
