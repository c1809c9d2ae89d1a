import { type Kysely, sql } from 'kysely';
import { Counter, Gauge } from 'prom-client';
import type { Logger } from '../telemetry/logger.ts';
import { type Metrics, gaugesOf } from '../telemetry/metrics.ts';
import { DEAD_AFTER_ATTEMPTS, type HandlingOutcome } from './handling.ts';
import type { InboxDatabase } from './inbox.ts';

export interface SubscriberMetrics {
  /** The publisher responded, with or without events. */
  read(publisher: string): void;
  restarted(publisher: string): void;
  handled(publisher: string, outcome: HandlingOutcome): void;
}

interface SubscriberState {
  publisher: string;
  waiting: number;
  dead: number;
  oldest: number;
}

/** A subscriber's metrics: waiting events and their age, dead letters, and time since each publisher responded. */
export function subscriberMetrics(
  { metrics, db, logger }: { metrics: Metrics; db: Kysely<InboxDatabase>; logger: Logger },
  publishers: readonly string[],
): SubscriberMetrics {
  const registers = [metrics.registry];
  const labelNames = ['publisher'] as const;
  gaugesOf(metrics, {
    label: 'publisher',
    logger,
    gauges: {
      waiting: { name: 'inbox_waiting', help: 'Events that have been read and not yet handled' },
      dead: { name: 'inbox_dead_letters', help: 'Events whose handling failed 10 times or more' },
      oldest: {
        name: 'inbox_oldest_waiting_seconds',
        help: 'Age of the oldest event that is not yet handled, in seconds',
      },
    },
    read: () => readStates(db, publishers),
  });
  const lastRead = new Map(publishers.map((publisher) => [publisher, Date.now()]));
  const silentSeconds = new Gauge({
    name: 'feed_silent_seconds',
    help: 'Time since the publisher last responded, in seconds',
    labelNames,
    registers,
    collect() {
      for (const [publisher, at] of lastRead) silentSeconds.set({ publisher }, (Date.now() - at) / 1000);
    },
  });
  const restarts = new Counter({
    name: 'feed_restarts_total',
    help: 'Times a publisher did not recognize the stored cursor; events may be lost',
    labelNames,
    registers,
  });
  const attempts = new Counter({
    name: 'events_handled_total',
    help: 'Attempts to handle an event',
    labelNames: ['publisher', 'outcome'] as const,
    registers,
  });
  return {
    read: (publisher) => lastRead.set(publisher, Date.now()),
    restarted: (publisher) => restarts.inc({ publisher }),
    handled: (publisher, outcome) => attempts.inc({ publisher, outcome }),
  };
}

/** One row per publisher, with zeros if nothing waits. */
async function readStates(db: Kysely<InboxDatabase>, publishers: readonly string[]): Promise<SubscriberState[]> {
  const { rows } = await sql<SubscriberState>`
    select known.publisher, count(position)::int as waiting,
           count(position) filter (where attempts >= ${DEAD_AFTER_ATTEMPTS})::int as dead,
           coalesce(extract(epoch from now() - min(time)), 0)::float8 as oldest
      from unnest(${publishers}::text[]) as known (publisher)
      left join inbox on inbox.publisher = known.publisher and state = 'waiting'
     group by known.publisher`.execute(db);
  return rows;
}
