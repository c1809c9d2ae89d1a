import { z } from 'zod';

/** A mandatory text: not blank, and at most `max` characters after surrounding white space is removed. */
export const text = (max: number) => z.string().regex(/\S/, 'must not be blank').trim().max(max);
