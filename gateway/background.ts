import type { Kysely } from 'kysely';
import type { UserRequests } from '../activities/user.ts';
import { type Background, repeat } from '../platform/background.ts';
import type { FeedRequests } from '../platform/contract/event.ts';
import { afterFirstContact } from '../platform/http/first-contact.ts';
import type { Logger } from '../platform/telemetry/logger.ts';
import type { EndedSessions } from './auth/ended-sessions.ts';
import type { ExternalTokens } from './auth/external-issuer.ts';
import type { CatalogueCache } from './catalogue/cache.ts';
import { followCatalogue } from './catalogue/follow-changes.ts';
import type { GatewayDatabase } from './database.ts';
import { createIdempotencyRecords } from './idempotency/records.ts';
import type { Admission } from './orders/admission.ts';
import { WINDOW_SECONDS, purgeRateLimits } from './rate-limits/limits.ts';
import type { Connections } from './upstream/service-clients.ts';

// Expired records have been kept for twice the promised time: there is no hurry.
const PURGE_EVERY_MS = 60 * 60 * 1000;
// Reading the backlog costs the order service a millisecond; between two reads admission counts by itself.
const BACKLOG_EVERY_MS = 1_000;
// The longest time for which a key that an external issuer has withdrawn is still accepted.
const KEYS_EVERY_MS = 5 * 60 * 1000;

export interface BackgroundDependencies {
  db: Kysely<GatewayDatabase>;
  connections: Pick<Connections, 'orders' | 'users' | 'products'>;
  users: Pick<UserRequests, 'endedSince'>;
  productFeed: FeedRequests;
  admission: Admission;
  ended: EndedSessions;
  external: ExternalTokens | undefined;
  catalogue: CatalogueCache;
  logger: Logger;
}

/** Starts what the gateway does besides serving requests. */
export function startBackground(dependencies: BackgroundDependencies): Background {
  const { db, connections, users, productFeed, admission, ended, external, catalogue, logger } = dependencies;
  const records = createIdempotencyRecords(db);
  const loops = [
    repeat(() => records.purge(), { everyMs: PURGE_EVERY_MS, failing: 'idempotency records not purged', logger }),
    repeat(() => purgeRateLimits(db), { everyMs: WINDOW_SECONDS * 1000, failing: 'rate limits not purged', logger }),
    afterFirstContact(connections.orders, logger, () =>
      repeat(() => admission.refresh(), { everyMs: BACKLOG_EVERY_MS, failing: 'order backlog not read', logger }),
    ),
    afterFirstContact(connections.users, logger, () => ended.keepRefreshing(users, logger)),
    afterFirstContact(connections.products, logger, () => followCatalogue(productFeed, catalogue, logger)),
    ...(external
      ? [repeat(() => external.refreshKeys(), { everyMs: KEYS_EVERY_MS, failing: 'issuer keys not refreshed', logger })]
      : []),
  ];
  return {
    async close() {
      await Promise.all(loops.map((loop) => loop.close()));
    },
  };
}
