import type { Kysely } from 'kysely';
import { forgetDeliveries } from '../../../platform/events/outbox.ts';

export const up = (db: Kysely<unknown>): Promise<void> => forgetDeliveries(db);
