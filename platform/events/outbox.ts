import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { context, propagation } from '@opentelemetry/api';
import { type Generated, type RawBuilder, type Transaction, sql } from 'kysely';
import type { z } from 'zod';
import type { EventShapes } from '../contract/event.ts';

/**
 * A published CloudEvent. `sequence` is the order in which the service wrote its events.
 *
 * The first migration of a service that publishes creates the table: copy it from
 * services/cart/migrations/001_create_cart.ts.
 */
export interface OutboxTable {
  sequence: Generated<number>;
  id: string;
  source: string;
  type: string;
  subject: string;
  data: unknown;
  /** W3C Trace Context of the request or step that caused the event. */
  traceparent: string | null;
  occurred_at: Generated<Date>;
}

export interface OutboxDatabase {
  outbox: OutboxTable;
}

/**
 * Emits the name of a growing table (the service's name for its outbox) when a transaction of this process has added rows
 * and is about to commit.
 */
export const written = new EventEmitter().setMaxListeners(0);

/** The columns of a new event that its change does not determine, for statements that make its data of their own rows. */
export const newEvent = (service: string): Pick<OutboxTable, 'id' | 'source' | 'traceparent'> => ({
  id: randomUUID(),
  source: sourceOf(service),
  traceparent: currentTrace(),
});

const sourceOf = (service: string) => `/services/${service}`;

/** The W3C Trace Context of the current work. */
function currentTrace(): string | null {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent ?? null;
}

/** The events of one service. Each is written with the change that it is about: published if, and only if, that commits. */
export function createOutbox<Shapes extends EventShapes>(service: string, shapes: Shapes) {
  const insert = insertOf(service, shapes);
  return {
    /** Writes an event in the caller's transaction. */
    write: async <Type extends keyof Shapes & string, Database extends OutboxDatabase>(
      transaction: Transaction<Database>,
      event: { type: Type; subject: string; data: z.infer<Shapes[Type]> },
    ): Promise<void> => {
      await insert([event], sql`true`).execute(transaction);
      written.emit(service);
    },

    /**
     * The same as a part of the statement that makes the change, `with change as (…) ${outbox.insert('change', [event])}`:
     * writes the events, in this order, if its CTE `change` returns a row. Call `announce` when the statement has run.
     */
    insert: (cte: string, events: readonly OutboxEvent<Shapes>[]): RawBuilder<unknown> =>
      insert(events, sql`exists (select from ${sql.id(cte)})`),

    /**
     * The same for events that the change itself determines: one of this type for each row of `rows`, a query of
     * `subject` and `data`, which must fit the contract.
     */
    insertEach: (type: keyof Shapes & string, rows: RawBuilder<unknown>): RawBuilder<unknown> => sql`
      insert into outbox (id, source, type, subject, data, traceparent)
      select gen_random_uuid(), ${sourceOf(service)}, ${type}, subject, data, ${currentTrace()}
      from (${rows}) as happened`,

    /** Tells the readers in this process that there are new events; otherwise they notice a quarter of a second later. */
    announce: (): void => void written.emit(service),
  };
}

/** Writes events in the caller's transaction. */
export const createOutboxWriter = <Shapes extends EventShapes>(service: string, shapes: Shapes) =>
  createOutbox(service, shapes).write;

/** An event to write, of any type in the contract. */
export type OutboxEvent<Shapes extends EventShapes> = {
  [Type in keyof Shapes & string]: { type: Type; subject: string; data: z.infer<Shapes[Type]> };
}[keyof Shapes & string];

/** Arrays, so that the text is the same for any number of events, and the statement stays a prepared one. */
const insertOf =
  (service: string, shapes: EventShapes) =>
  (events: readonly { type: string; subject: string; data: unknown }[], condition: RawBuilder<unknown>) => {
    const ids = events.map(() => randomUUID());
    const types = events.map(({ type }) => type);
    const subjects = events.map(({ subject }) => subject);
    const data = events.map((event) => JSON.stringify(shapes[event.type]!.parse(event.data)));
    return sql`
      insert into outbox (id, source, type, subject, data, traceparent)
      select id, ${sourceOf(service)}, type, subject, data, ${currentTrace()}
      from unnest(${ids}::uuid[], ${types}::text[], ${subjects}::text[], ${data}::jsonb[])
        with ordinality as event (id, type, subject, data, position)
      where ${condition}
      order by position`;
  };
