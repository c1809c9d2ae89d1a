import { z } from 'zod';

const WithOffset = z.iso.datetime({ offset: true });
const LEAP_SECOND = /:60(?=[.Z+-])/;

/**
 * A time from outside the platform: any date-time of RFC 3339 section 5.6, in years that PostgreSQL has. Becomes the
 * same time in UTC with milliseconds, as the platform writes it; a leap second becomes the second after it.
 */
export const Time = z
  .string()
  .overwrite(inUtc)
  .refine((text) => /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text), {
    error: 'must be a time of RFC 3339 such as 2026-01-05T14:00:00Z',
  })
  .meta({ format: 'date-time' });

/** Text that is no time stays as it is. */
function inUtc(text: string): string {
  const upper = text.toUpperCase();
  const { data } = WithOffset.safeParse(upper.replace(LEAP_SECOND, ':59'));
  if (data === undefined) return text;
  return new Date(Date.parse(data) + (LEAP_SECOND.test(upper) ? 1000 : 0)).toISOString();
}
