import { writeFileSync } from 'node:fs';

/** Writes a study's result as JSON to the file that BENCH_JSON names, if it is set. */
export function saveResult(result: unknown): void {
  const file = process.env.BENCH_JSON;
  if (file) writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
}
