import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { context, propagation } from '@opentelemetry/api';
import { type Generated, type Kysely, type Transaction, sql } from 'kysely';
import type { z } from 'zod';
import type { EventShapes } from '../contract/event.ts';

/** A CloudEvent to be told. `sequence` orders the events of one service as they were written. */
export interface OutboxTable {
  sequence: Generated<number>;
  id: string;
  source: string;
  type: string;
  subject: string;
  data: unknown;
  /** W3C Trace Context of the request or step that caused it. */
  traceparent: string | null;
  occurred_at: Generated<Date>;
}

export interface OutboxDatabase {
  outbox: OutboxTable;
}

/** For a service's first migration. */
export async function createOutbox(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('outbox')
    .addColumn('sequence', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('id', 'uuid', (column) => column.notNull().unique())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('data', 'jsonb', (column) => column.notNull())
    .addColumn('traceparent', 'text')
    .addColumn('occurred_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute();
}

/** For a later migration of a service whose outbox noted what was delivered: each subscriber does that itself now. */
export async function forgetDeliveries(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await sql`alter table outbox drop column if exists delivered_at`.execute(db);
}

/**
 * Emits the name of what grows, a service's name for its outbox, when a transaction of this process has added to it
 * and is about to commit.
 */
export const written = new EventEmitter().setMaxListeners(0);

/** Writes an event in the caller's transaction: it is told if, and only if, the change it tells of is kept. */
export const createOutboxWriter =
  <Shapes extends EventShapes>(service: string, shapes: Shapes) =>
  async <Type extends keyof Shapes & string, Database extends OutboxDatabase>(
    transaction: Transaction<Database>,
    event: { type: Type; subject: string; data: z.infer<Shapes[Type]> },
  ): Promise<void> => {
    const carrier: { traceparent?: string } = {};
    propagation.inject(context.active(), carrier);
    await (transaction as unknown as Transaction<OutboxDatabase>)
      .insertInto('outbox')
      .values({
        id: randomUUID(),
        source: `/services/${service}`,
        type: event.type,
        subject: event.subject,
        data: JSON.stringify(shapes[event.type]!.parse(event.data)),
        traceparent: carrier.traceparent ?? null,
      })
      .execute();
    written.emit(service);
  };
