import type { Client } from '@temporalio/client';
import type Koa from 'koa';
import type { Kysely } from 'kysely';
import { ping } from '../platform/database/connection.ts';
import { createApp } from '../platform/http/app.ts';
import type { Connection } from '../platform/http/connection.ts';
import { watchConnections } from '../platform/http/connection-metrics.ts';
import { healthRoutes } from '../platform/http/service-api.ts';
import type { AnyRoute } from '../platform/http/route.ts';
import type { Logger } from '../platform/telemetry/logger.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { Admission } from './orders/admission.ts';
import { brokenWorkflowMetrics } from './admin/broken-workflows.ts';
import { createCartPricing } from './carts/view.ts';
import { createCallers } from './auth/callers.ts';
import type { CatalogueCache } from './catalogue/cache.ts';
import type { parseProxies } from './rate-limits/client-address.ts';
import type { GatewayDatabase } from './database.ts';
import type { EndedSessions } from './auth/ended-sessions.ts';
import type { ExternalTokens } from './auth/external-issuer.ts';
import { createIdempotencyRecords } from './idempotency/records.ts';
import { authenticate } from './auth/middleware.ts';
import { compression } from './middleware/compression.ts';
import { announceDeprecation } from './middleware/deprecation.ts';
import { idempotency, requireIdempotencyKey } from './idempotency/middleware.ts';
import { refuseUnprintable } from './middleware/printable.ts';
import { type RateQuotas, believeProxies, rateLimiting } from './rate-limits/middleware.ts';
import { caching, security } from './middleware/security.ts';
import { requireSignature } from './orders/carrier-signature.ts';
import type { OrderStreams } from './orders/streams.ts';

import { refuseRepeatedHeaders } from './middleware/single-headers.ts';
import { createPlacing } from './orders/placing.ts';
import { problemOf } from './problems.ts';
import { createRateLimits } from './rate-limits/limits.ts';
import { createRecommending } from './catalogue/recommendations.ts';
import { cancellationRoutes } from './orders/cancellation-routes.ts';
import { cartRoutes } from './carts/routes.ts';
import { carrierRoutes } from './orders/carrier-routes.ts';
import { clientRoutes } from './admin/client-routes.ts';
import { dashboardRoutes } from './dashboard/routes.ts';
import { deadLetterRoutes } from './admin/dead-letter-routes.ts';
import { documentationRoutes } from './openapi/routes.ts';
import { interventionRoutes } from './admin/intervention-routes.ts';
import { mailboxRoutes } from './admin/mailbox-routes.ts';
import { oauthRoutes } from './auth/oauth-routes.ts';
import { orderEventRoutes } from './orders/stream-routes.ts';
import { orderRoutes } from './orders/routes.ts';
import { passwordRoutes } from './auth/password-routes.ts';
import { productRoutes } from './catalogue/routes.ts';
import { recommendationRoutes } from './catalogue/recommendation-routes.ts';
import { returnRoutes } from './orders/return-routes.ts';
import { serviceRoutes } from './admin/service-routes.ts';
import { sessionRoutes } from './auth/session-routes.ts';
import { stockRoutes } from './catalogue/stock-routes.ts';
import { userRoutes } from './auth/user-routes.ts';
import { webhookRoutes } from './webhooks/routes.ts';
import { wellKnownRoutes } from './auth/key-set-routes.ts';
import type { Services, Subscribers } from './service-clients.ts';
import { signInElsewhere } from './auth/external-sign-in.ts';
import type { Tokens } from './auth/tokens.ts';
import { createWorkflows } from './workflow-client.ts';

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
  brokenWorkflowMetrics({ metrics, client: dependencies.temporal, logger });
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
