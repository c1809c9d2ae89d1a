import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { context, propagation } from '@opentelemetry/api';
import type { Generated, Transaction } from 'kysely';
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

/** Writes events in the caller's transaction, so that an event is published if, and only if, its change commits. */
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
