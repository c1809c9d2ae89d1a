import { ToolError } from '../command-line.ts';

const MINUTE_MS = 60_000;
const UNIT_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 24 * 60 * MINUTE_MS };
// The longest return window that can be set (RETURN_WINDOW_DAYS).
const MAX_DAYS = 3650;

/**
 * The milliseconds of a duration such as `30m`, `48h` or `7d`.
 * @throws {ToolError} it is not a whole number of these, or is not between 1 minute and 3650 days
 */
export function durationOf(text: string): number {
  const { count = '', unit = '' } = /^(?<count>\d{1,9})(?<unit>[mhd])$/.exec(text)?.groups ?? {};
  const durationMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (durationMs >= MINUTE_MS && durationMs <= MAX_DAYS * UNIT_MS.d!) return durationMs;
  throw new ToolError(
    `DURATION must be a whole number of minutes, hours or days of at most ${MAX_DAYS} days, such as 30m, 48h or 7d, not "${text}"`,
  );
}
