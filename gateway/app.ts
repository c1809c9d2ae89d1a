import type { Client } from '@temporalio/client';
import type Koa from 'koa';
import type { Kysely } from 'kysely';
import { ping } from '../platform/database.ts';
import { createApp } from '../platform/http/app.ts';
import type { Connection } from '../platform/http/connection.ts';
import { watchConnections } from '../platform/http/connection-figures.ts';
import { healthRoutes } from '../platform/http/door.ts';
import type { AnyRoute } from '../platform/http/route.ts';
import type { Logger } from '../platform/logger.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Admission } from './admission.ts';
import { brokenWorkflowFigures } from './broken-workflows.ts';
import { createCartPricing } from './cart-view.ts';
import { createCallers } from './callers.ts';
import type { CatalogueCache } from './catalogue-cache.ts';
import type { parseProxies } from './client-address.ts';
import type { GatewayDatabase } from './database.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { ExternalTokens } from './external-issuer.ts';
import { createIdempotencyRecords } from './idempotency-records.ts';
import { authenticate } from './middleware/authentication.ts';
import { compression } from './middleware/compression.ts';
import { announceDeprecation } from './middleware/deprecation.ts';
import { idempotency, requireIdempotencyKey } from './middleware/idempotency.ts';
import { refuseUnprintable } from './middleware/printable.ts';
import { type RateQuotas, believeProxies, rateLimiting } from './middleware/rate-limit.ts';
import { caching, security } from './middleware/security.ts';
import { requireSignature } from './middleware/signature.ts';
import type { OrderStreams } from './order-streams.ts';

import { refuseRepeatedHeaders } from './middleware/single-headers.ts';
import { createPlacing } from './placing.ts';
import { problemOf } from './problems.ts';
import { createRateLimits } from './rate-limits.ts';
import { createRecommending } from './recommending.ts';
import { cancellationRoutes } from './routes/cancellations.ts';
import { cartRoutes } from './routes/carts.ts';
import { carrierRoutes } from './routes/carrier.ts';
import { clientRoutes } from './routes/clients.ts';
import { dashboardRoutes } from './routes/dashboard.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { documentationRoutes } from './routes/documentation.ts';
import { interventionRoutes } from './routes/interventions.ts';
import { mailboxRoutes } from './routes/mailbox.ts';
import { oauthRoutes } from './routes/oauth.ts';
import { orderEventRoutes } from './routes/order-events.ts';
import { orderRoutes } from './routes/orders.ts';
import { passwordRoutes } from './routes/passwords.ts';
import { productRoutes } from './routes/products.ts';
import { recommendationRoutes } from './routes/recommendations.ts';
import { returnRoutes } from './routes/returns.ts';
import { serviceRoutes } from './routes/services.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { stockRoutes } from './routes/stock.ts';
import { userRoutes } from './routes/users.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { wellKnownRoutes } from './routes/wellknown.ts';
import type { Services, Subscribers } from './services.ts';
import { signInElsewhere } from './signing-in-elsewhere.ts';
import type { Tokens } from './tokens.ts';
import { createWorkflows } from './workflows.ts';

/** What the gateway stands on. */
export interface GatewayDependencies {
  services: Services;
  catalogue: CatalogueCache;
  /** Services that hear of events. */
  subscribers: Subscribers;
  /** Orders' stories as they happen. */
  streams: OrderStreams;
  /** What the services are asked through: for seeing how they are doing. */
  connections: readonly Connection[];
  temporal: Client;
  db: Kysely<GatewayDatabase>;
  tokens: Tokens;
  /** How many orders may wait. */
  admission: Admission;
  ended: EndedSessions;
  /** Where people sign in instead of here. */
  external?: ExternalTokens | undefined;
  /** Shared with the carrier, which signs its callbacks with it. */
  carrierSecret: string;
  /** Whose pages may call from a browser; none where empty. */
  corsOrigins: readonly string[];
  rates: RateQuotas;
  /** Whose X-Forwarded-For is believed; nobody's where empty. */
  trustedProxies: ReturnType<typeof parseProxies>;
  logger: Logger;
  metrics: Metrics;
}

// Ten times the largest body anybody has reason to send, a return of 4,000 lines; few enough that a hundred at once fit.
const BODY_LIMIT_BYTES = 1024 * 1024;

/** The whole gateway, without a port: tests and the process both start here. */
export function createGateway(dependencies: GatewayDependencies): Koa {
  const { tokens, ended, external, db, admission, carrierSecret, corsOrigins, trustedProxies, logger, metrics } =
    dependencies;
  const records = createIdempotencyRecords(db);
  // A burst is stopped where orders come in; what is asked of orders that are in already is never turned away.
  const closed = ({ operationId }: AnyRoute) => (operationId === 'placeOrder' ? admission.refusal() : undefined);
  watchConnections(metrics.registry, dependencies.connections);
  brokenWorkflowFigures({ metrics, client: dependencies.temporal, logger });
  const callers = createCallers({
    tokens,
    ended,
    external: external && { tokens: external, users: dependencies.services.users },
  });
  const limits = createRateLimits(db, metrics.registry);
  const rates = rateLimiting(limits, (token) => callers.callerOf(token), dependencies.rates);
  return createApp({
    routes: routesOf(dependencies),
    logger,
    metrics,
    bodyLimit: BODY_LIMIT_BYTES,
    everywhere: [believeProxies(trustedProxies), ...compression(), ...security(corsOrigins)],
    unrouted: [(ctx, next) => rates.unrouted(ctx, next)],
    before: (definition) => [
      refuseRepeatedHeaders,
      caching(definition),
      ...(definition.deprecation ? [announceDeprecation(definition.deprecation)] : []),
      rates.counted(definition, authenticate(callers, definition)),
      ...(definition.idempotent ? [requireIdempotencyKey] : []),
    ],
    afterRead: ({ access }) => (access === 'signed' ? [requireSignature(carrierSecret)] : []),
    around: (definition) => [
      refuseUnprintable,
      ...(definition.idempotent
        ? [idempotency(definition, { records, logger, closed: () => closed(definition) })]
        : []),
    ],
    problemOf,
  });
}

/** Every endpoint. Whoever adds one adds it here; the description of the API follows by itself. */
export function routesOf(dependencies: GatewayDependencies): AnyRoute[] {
  const {
    services,
    subscribers,
    streams,
    catalogue,
    connections,
    temporal,
    db,
    tokens,
    ended,
    external,
    admission,
    logger,
    metrics,
  } = dependencies;
  const { users, products, inventory, orders, shipping, carts, notifications, recommendations, webhooks } = services;
  const recommend = createRecommending({ recommendations, products, inventory });
  const workflows = createWorkflows(temporal);
  const place = createPlacing({ carts, orders, products, workflows, admission, registry: metrics.registry });
  const described = [
    ...userRoutes(users),
    ...passwordRoutes(users),
    ...sessionRoutes({ users, tokens, ended }),
    ...clientRoutes(users, ended),
    ...oauthRoutes(users, tokens),
    ...productRoutes({ products, inventory, catalogue }),
    ...recommendationRoutes(products, recommend),
    ...dashboardRoutes({ users, orders, recommend, logger }),
    ...stockRoutes(products, inventory),
    ...cartRoutes(carts, products, createCartPricing(products, inventory)),
    ...orderRoutes(orders, place),
    ...orderEventRoutes(orders, streams),
    ...cancellationRoutes(orders, workflows),
    ...returnRoutes(orders, workflows),
    ...interventionRoutes(orders, workflows),
    ...deadLetterRoutes(subscribers),
    ...mailboxRoutes(notifications),
    ...webhookRoutes(webhooks),
    ...serviceRoutes(connections, temporal),
    ...carrierRoutes({ shipping, orders, workflows, logger, registry: metrics.registry }),
    ...wellKnownRoutes(tokens),
    // Ready without Temporal and the services: what needs none of them still answers, and the rest says 503 itself.
    ...healthRoutes({ ready: () => ping(db), metrics, logger }).filter(({ path }) => path !== '/metrics'),
  ];
  const offered = external ? signInElsewhere(described, external.issuer) : described;
  return [...offered, ...documentationRoutes(offered)];
}
