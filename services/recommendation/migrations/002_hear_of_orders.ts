import type { Kysely } from 'kysely';
import { createInbox } from '../../../platform/events/inbox.ts';

export const up = (db: Kysely<unknown>): Promise<void> => createInbox(db);
