import type { Kysely } from 'kysely';
import { type FeedRequests, deadLetterRequests, feedRequests } from '../contract/event.ts';
import { createClient } from '../http/client.ts';
import { Connection } from '../http/connection.ts';
import { firstContact } from '../http/first-contact.ts';
import type { ServedOperations } from '../http/service-api.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { OutboxDatabase } from './outbox.ts';
import { createDeadLetterRequests } from './dead-letters.ts';
import { Feed } from './feed.ts';
import { subscriberMetrics } from './metrics.ts';
import type { InboxDatabase } from './inbox.ts';
import { keepPurging, purgeInbox, purgeOutbox } from './retention.ts';
import { Subscriber } from './subscriber.ts';
import type { Subscription } from './subscription.ts';

export interface EventsPlan {
  service: string;
  db: Kysely<OutboxDatabase & InboxDatabase>;
  /** Whether the service has an outbox that others read. */
  publishes: boolean;
  /** Undefined: the service has no inbox. Empty: it reads no events, but its dead letters can still be listed. */
  subscriptions: readonly Subscription[] | undefined;
  /** The addresses of each publisher's service API. */
  urlsOf: (publisher: string) => readonly string[];
  token: string;
  retentionDays: number;
  logger: Logger;
  metrics: Metrics;
}

/** A service's events: the operations for its API, and the work in the background. */
export interface ServiceEvents {
  /** Operations to serve at the service API. */
  answered: ServedOperations;
  close(): Promise<void>;
}

export function startEvents(plan: EventsPlan): ServiceEvents {
  const published = plan.publishes ? [publish(plan)] : [];
  const subscribed = plan.subscriptions ? [subscribe({ ...plan, subscriptions: plan.subscriptions })] : [];
  const parts = [...published, ...subscribed];
  return {
    answered: {
      operations: Object.assign(
        {},
        ...parts.map(({ answered }) => answered.operations),
      ) as ServedOperations['operations'],
      implementation: Object.assign({}, ...parts.map(({ answered }) => answered.implementation)) as object,
    },
    async close() {
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}

function publish({ service, db, retentionDays, logger }: EventsPlan): ServiceEvents {
  const feed = new Feed(service, db);
  const stopPurging = keepPurging(() => purgeOutbox(db, retentionDays), logger);
  return {
    answered: {
      operations: feedRequests,
      implementation: { readFeed: (request) => feed.readFeed(request) } satisfies FeedRequests,
    },
    async close() {
      await stopPurging();
      feed.close();
    },
  };
}

function subscribe(plan: EventsPlan & { subscriptions: readonly Subscription[] }): ServiceEvents {
  const { db, metrics, urlsOf, token, retentionDays, logger } = plan;
  const publishers = plan.subscriptions.map(({ publisher }) => publisher);
  const closing = new AbortController();
  const feeds = publishers.map((publisher) => {
    const connection = new Connection({ service: publisher, urls: urlsOf(publisher), token });
    return [publisher, feedAfter(firstContact(connection, closing.signal, logger), connection)] as const;
  });
  const subscriber = new Subscriber({
    db,
    subscriptions: plan.subscriptions,
    feeds: Object.fromEntries(feeds),
    metrics: subscriberMetrics({ metrics, db, logger }, publishers),
    logger,
  });
  const stopPurging = keepPurging(() => purgeInbox(db, retentionDays), logger);
  return {
    answered: {
      operations: deadLetterRequests,
      implementation: createDeadLetterRequests(db, () => subscriber.wake()),
    },
    async close() {
      await stopPurging();
      await subscriber.close();
      closing.abort();
    },
  };
}

/** A publisher's feed, which is first read once the publisher has started. */
function feedAfter(started: Promise<void>, connection: Connection): FeedRequests {
  const feed = createClient(connection, 'events', feedRequests);
  return {
    async readFeed(request) {
      await started;
      return feed.readFeed(request);
    },
  };
}
