import { z } from 'zod';

/** What people write and must write: something beside spaces, and without those around it at most `max` characters. */
export const text = (max: number) => z.string().regex(/\S/, 'must not be blank').trim().max(max);
