import { z } from 'zod';

// Longer than every id of ours. A path may hold anything, and an index entry of PostgreSQL has at most 2 KB.
const LONGEST = 300;

/** A subject as the audit trail keeps it. UUIDs have one spelling there, as in the services. */
export const subjectOf = (id: string): string =>
  z.uuid().safeParse(id).success ? id.toLowerCase() : id.slice(0, LONGEST);
