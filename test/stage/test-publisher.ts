import { randomUUID } from 'node:crypto';
import { type Generated, type Kysely, type RawBuilder, type Transaction, sql } from 'kysely';
import { type DeadLetterRequests, deadLetterRequests } from '../../platform/contract/event.ts';
import { inventoryEvents } from '../../activities/inventory.ts';
import { connect } from '../../platform/database/connection.ts';
import { grant } from '../../platform/database/migrate.ts';
import type { InboxDatabase } from '../../platform/events/inbox.ts';
import { type EventOf, subscription } from '../../platform/events/subscription.ts';
import { createClient } from '../../platform/http/client.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { Running } from '../../platform/process.ts';
import { type Registry, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../../services/registry.ts';
import { freePorts } from './free-ports.ts';
import type { InventoryDatabase } from '../../services/inventory/database.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';

export const TOKEN = 'a service token of more than thirty-two characters';
const NOTHING = { operations: {}, implementation: {} };

export interface SeenDatabase extends InboxDatabase {
  /** The events that the subscriber has handled, in their order. */
  seen: { position: Generated<number>; subject: string; word: string };
}
export type Word = EventOf<(typeof inventoryEvents)['inventory.reservation_failed']>;
export type Act = (event: Word, work: Transaction<SeenDatabase>) => Promise<void>;

/** Records the event. */
export const writeDown: Act = async ({ subject, data }, work) => {
  await work.insertInto('seen').values({ subject, word: data.reason }).execute();
};

const writeEvent = createOutboxWriter('inventory', inventoryEvents);

/** The database of a subscribing service, with one additional table. */
export async function freshInbox<Database extends InboxDatabase>(
  table: RawBuilder<unknown>,
): Promise<FreshDatabase<Database>> {
  // A database that has an inbox; its own tables are not used.
  const database = await freshDatabase<Database>('recommendation');
  const owner = connect<unknown>(database.ownerUrl, 1);
  await table.execute(owner);
  await grant(owner, new URL(database.url).username, []);
  await owner.destroy();
  return database;
}

/** A publishing and a subscribing service, each with a real database and a real HTTP API. */
export class EventStage {
  readonly publisher: FreshDatabase<InventoryDatabase>;
  readonly subscriber: FreshDatabase<SeenDatabase>;
  readonly #ports: Record<'publisher' | 'subscriber' | 'replica', number>;
  readonly #running = new Set<Running>();

  private constructor(
    publisher: FreshDatabase<InventoryDatabase>,
    subscriber: FreshDatabase<SeenDatabase>,
    ports: Record<'publisher' | 'subscriber' | 'replica', number>,
  ) {
    this.publisher = publisher;
    this.subscriber = subscriber;
    this.#ports = ports;
  }

  static async set(): Promise<EventStage> {
    const publisher = await freshDatabase<InventoryDatabase>('inventory');
    const subscriber = await freshInbox<SeenDatabase>(
      sql`create table seen (position bigint generated always as identity, subject text, word text)`,
    );
    return new EventStage(publisher, subscriber, await freePorts('publisher', 'subscriber', 'replica'));
  }

  get db(): Kysely<SeenDatabase> {
    return this.subscriber.db;
  }

  startPublisher(): Promise<Running> {
    const service = defineService<InventoryDatabase, Record<string, never>>(REGISTRY, {
      name: 'inventory',
      settings: {},
      create: () => ({ requests: NOTHING }),
    });
    return this.#keep(
      service.start({
        ...this.#environment,
        INVENTORY_DATABASE_URL: this.publisher.url,
        INVENTORY_PORT: String(this.#ports.publisher),
      }),
    );
  }

  /** With null the service has no subscription. */
  startSubscriber(act: Act | null = writeDown, port: 'subscriber' | 'replica' = 'subscriber'): Promise<Running> {
    const subscribesTo = act ? ['inventory'] : [];
    const registry: Registry = { ...REGISTRY, user: { ...REGISTRY.user, publishes: false, subscribesTo } };
    const service = defineService<SeenDatabase, Record<string, never>>(registry, {
      name: 'user',
      settings: {},
      create: () => ({
        requests: NOTHING,
        subscriptions: act ? [subscription('inventory', inventoryEvents, { 'inventory.reservation_failed': act })] : [],
      }),
    });
    return this.#keep(
      service.start({
        ...this.#environment,
        USER_DATABASE_URL: this.subscriber.url,
        USER_PORT: String(this.#ports[port]),
      }),
    );
  }

  /** Requests to the subscriber's API. */
  get deadLetters(): DeadLetterRequests {
    const urls = [`http://127.0.0.1:${this.#ports.subscriber}`];
    return createClient({ service: 'user', urls, token: TOKEN }, 'events', deadLetterRequests);
  }

  async metrics(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.subscriber}/metrics`);
    return response.text();
  }

  /** Publishes an event for each word, each in its own transaction; returns their subject. */
  async tell(words: readonly string[], subject: string = randomUUID()): Promise<string> {
    for (const reason of words) {
      await this.publisher.db.transaction().execute((work) =>
        writeEvent(work, {
          type: 'inventory.reservation_failed',
          subject,
          data: { orderId: subject, reason },
        }),
      );
    }
    return subject;
  }

  /** The words of a subject that the subscriber has handled, in their order. */
  async seen(subject: string): Promise<string[]> {
    const query = this.db.selectFrom('seen').select('word').where('subject', '=', subject).orderBy('position');
    return (await query.execute()).map(({ word }) => word);
  }

  /** Makes every event that waits for its next attempt due now. */
  async hurry(): Promise<void> {
    await this.db
      .updateTable('inbox')
      .set({ next_attempt_at: sql`now()` })
      .where('state', '=', 'waiting')
      .execute();
  }

  async stop(running: Running): Promise<void> {
    this.#running.delete(running);
    await running.close();
  }

  async clear(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.close()));
    await Promise.all([this.publisher.drop(), this.subscriber.drop()]);
  }

  async #keep(starting: Promise<Running>): Promise<Running> {
    const running = await starting;
    this.#running.add(running);
    return running;
  }

  get #environment() {
    return {
      SERVICE_TOKEN: TOKEN,
      INVENTORY_URL: `http://127.0.0.1:${this.#ports.publisher}`,
      LOG_LEVEL: 'emerg',
    };
  }
}
