import { z } from 'zod';
import { Time } from '../../activities/time.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
// The last year that RFC 3339 can write.
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const Day = z.iso.date().refine((text) => !text.startsWith('0000'), 'must be in a year that a database has');
const DayOrTime = z.union([Day, Time], {
  error: 'must be a day such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z',
});

/** The query fields of a period. Days are in UTC, and both of them belong to it. */
export const periodQuery = {
  from: DayOrTime.optional().meta({ description: 'placed on this day (UTC) or later, or at this time or later' }),
  to: DayOrTime.optional().meta({ description: 'placed on this day (UTC) or earlier, or before this time' }),
};

interface Period {
  from?: string | undefined;
  to?: string | undefined;
}

/** The first time that belongs to the period, and the first one after it. */
export const boundsOf = ({ from, to }: Period): { from: string | undefined; before: string | undefined } => ({
  from: from === undefined ? undefined : startOf(from).toISOString(),
  before: to === undefined ? undefined : endOf(to).toISOString(),
});

const isDay = (text: string): boolean => !text.includes('T');
const startOf = (text: string): Date => new Date(isDay(text) ? `${text}T00:00:00.000Z` : text);
const endOf = (text: string): Date =>
  isDay(text) ? new Date(Math.min(startOf(text).getTime() + DAY_MS, LAST_MS)) : new Date(text);
