import type { Client } from '@temporalio/client';
import type Koa from 'koa';
import type { Kysely } from 'kysely';
import { ping } from '../platform/database/connection.ts';
import { createApp } from '../platform/http/app.ts';
import { watchConnections } from '../platform/http/connection-metrics.ts';
import type { Connection } from '../platform/http/connection.ts';
import type { AnyRoute } from '../platform/http/route.ts';
import { healthRoutes } from '../platform/http/service-api.ts';
import type { Logger } from '../platform/telemetry/logger.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import { registerBrokenWorkflowMetrics } from './admin/broken-workflows.ts';
import { clientRoutes } from './admin/client-routes.ts';
import { deadLetterRoutes } from './admin/dead-letter-routes.ts';
import { interventionRoutes } from './admin/intervention-routes.ts';
import { mailboxRoutes } from './admin/mailbox-routes.ts';
import { noteRoutes } from './admin/note-routes.ts';
import { orderSearchRoutes } from './admin/order-search-routes.ts';
import { parcelRoutes } from './admin/parcel-routes.ts';
import { reportRoutes } from './admin/report-routes.ts';
import { serviceRoutes } from './admin/service-routes.ts';
import { managedUserRoutes } from './admin/user-routes.ts';
import { audit, isAudited } from './audit/middleware.ts';
import { createAuditRecords } from './audit/records.ts';
import { auditRoutes } from './audit/routes.ts';
import { createCallers } from './auth/callers.ts';
import type { EndedSessions } from './auth/ended-sessions.ts';
import type { ExternalTokens } from './auth/external-issuer.ts';
import { replaceSignInRoutes } from './auth/external-sign-in.ts';
import { guestRoutes } from './auth/guest-routes.ts';
import { keySetRoutes } from './auth/key-set-routes.ts';
import { linkRoutes } from './auth/link-routes.ts';
import { authenticate } from './auth/middleware.ts';
import { oauthRoutes } from './auth/oauth-routes.ts';
import { passwordRoutes } from './auth/password-routes.ts';
import { sessionRoutes } from './auth/session-routes.ts';
import type { Tokens } from './auth/tokens.ts';
import { userRoutes } from './auth/user-routes.ts';
import { requireCarrierSignature } from './carrier/middleware.ts';
import { carrierRoutes } from './carrier/routes.ts';
import { cartRoutes } from './carts/routes.ts';
import { createCartPricing } from './carts/view.ts';
import type { CatalogueCache } from './catalogue/cache.ts';
import { recommendationRoutes } from './catalogue/recommendation-routes.ts';
import { createRecommender } from './catalogue/recommendations.ts';
import { productRoutes } from './catalogue/routes.ts';
import { stockRoutes } from './catalogue/stock-routes.ts';
import { dashboardRoutes } from './dashboard/routes.ts';
import type { GatewayDatabase } from './database.ts';
import { idempotency, requireIdempotencyKey } from './idempotency/middleware.ts';
import { Leases } from './idempotency/leases.ts';
import { createIdempotencyRecords } from './idempotency/records.ts';
import { compression } from './middleware/compression.ts';
import { announceDeprecation } from './middleware/deprecation.ts';
import { refuseUnprintable } from './middleware/printable.ts';
import { caching, security } from './middleware/security.ts';
import { refuseRepeatedHeaders } from './middleware/single-headers.ts';
import { documentationRoutes } from './openapi/routes.ts';
import type { Admission } from './orders/admission.ts';
import { cancellationRoutes } from './orders/cancellation-routes.ts';
import { changeRoutes } from './orders/change-routes.ts';
import { createPlacing } from './orders/placing.ts';
import { returnRoutes } from './orders/return-routes.ts';
import { orderRoutes } from './orders/routes.ts';
import { type RefundLimits, refundRoutes } from './orders/refund-routes.ts';
import { orderStreamRoutes } from './orders/stream-routes.ts';
import type { OrderStreams } from './orders/streams.ts';
import { problemRoutes } from './problem-pages/routes.ts';
import { paymentMethodRoutes } from './payment-methods/routes.ts';
import { processorRoutes } from './processor/routes.ts';
import { problemOf } from './problems.ts';
import type { parseProxies } from './rate-limits/client-address.ts';
import { createRateLimits } from './rate-limits/limits.ts';
import { type RateQuotas, trustProxies, rateLimiting } from './rate-limits/middleware.ts';
import type { ServiceClients, Subscribers } from './upstream/service-clients.ts';
import { createWorkflows } from './upstream/workflow-client.ts';
import { webhookRoutes } from './webhooks/routes.ts';

export interface GatewayDependencies extends RefundLimits {
  services: ServiceClients;
  catalogue: CatalogueCache;
  subscribers: Subscribers;
  streams: OrderStreams;
  /** The connections to the services, to show their state. */
  connections: readonly Connection[];
  temporal: Client;
  db: Kysely<GatewayDatabase>;
  tokens: Tokens;
  admission: Admission;
  ended: EndedSessions;
  /** The issuer where people sign in, if not here. */
  external?: ExternalTokens | undefined;
  /** The carrier signs its callbacks with this secret. */
  carrierSecret: string;
  /** Origins whose pages may call from a browser. */
  corsOrigins: readonly string[];
  rates: RateQuotas;
  /** Proxies whose X-Forwarded-For is trusted. */
  trustedProxies: ReturnType<typeof parseProxies>;
  logger: Logger;
  metrics: Metrics;
}

// Ten times the largest body in normal use, a return of 4,000 lines; a hundred such bodies at once still fit in memory.
const BODY_LIMIT_BYTES = 1024 * 1024;

/** The whole gateway without a port, for the process and for tests. */
export function createGateway(dependencies: GatewayDependencies): Koa {
  const { tokens, ended, external, db, admission, carrierSecret, corsOrigins, trustedProxies, logger, metrics } =
    dependencies;
  const records = createIdempotencyRecords(db);
  const leases = new Leases({ records, logger });
  const auditRecords = createAuditRecords(db);
  // Overload stops new orders only; requests about existing orders are always served.
  const overload = ({ operationId }: AnyRoute) => (operationId === 'placeOrder' ? admission.refusal() : undefined);
  watchConnections(metrics.registry, dependencies.connections);
  registerBrokenWorkflowMetrics({ metrics, client: dependencies.temporal, logger });
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
    everywhere: [trustProxies(trustedProxies), ...compression(), ...security(corsOrigins)],
    unrouted: [(ctx, next) => rates.unrouted(ctx, next)],
    before: (definition) => [
      refuseRepeatedHeaders,
      caching(definition),
      ...(definition.deprecation ? [announceDeprecation(definition.deprecation)] : []),
      rates.counted(definition, authenticate(callers, definition)),
      ...(definition.idempotent ? [requireIdempotencyKey] : []),
    ],
    afterRead: ({ access, operationId }) =>
      access === 'signed' && !CHECKED_BY_PAYMENT.has(operationId) ? [requireCarrierSignature(carrierSecret)] : [],
    around: (definition) => [
      refuseUnprintable,
      ...(definition.idempotent
        ? [idempotency(definition, { records, leases, logger, overload: () => overload(definition) })]
        : []),
      // Inside of idempotency: a repeat performs nothing.
      ...(isAudited(definition) ? [audit(definition, { records: auditRecords, logger })] : []),
    ],
    problemOf,
  });
}

/** The payment service checks the signatures of card processors. */
const CHECKED_BY_PAYMENT: ReadonlySet<string> = new Set(['processorCallback', 'stripeCallback']);

/** Every endpoint. The OpenAPI document is made from this list. */
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
  const { users, products, inventory, orders, payments, shipping, carts, notifications, recommendations, webhooks } =
    services;
  const recommend = createRecommender({ recommendations, products, inventory });
  const workflows = createWorkflows(temporal);
  const place = createPlacing({ carts, orders, products, workflows, admission, registry: metrics.registry });
  const described = [
    ...userRoutes(users),
    ...passwordRoutes(users),
    ...linkRoutes(users),
    ...guestRoutes(users, tokens),
    ...sessionRoutes({ users, tokens, ended }),
    ...paymentMethodRoutes(payments),
    ...clientRoutes(users, ended),
    ...managedUserRoutes(users, external?.issuer),
    ...auditRoutes(createAuditRecords(db)),
    ...oauthRoutes(users, tokens),
    ...productRoutes({ products, inventory, catalogue }),
    ...recommendationRoutes(products, recommend),
    ...dashboardRoutes({ users, orders, recommend, logger }),
    ...stockRoutes(products, inventory),
    ...cartRoutes(carts, products, createCartPricing(products, inventory)),
    ...orderRoutes(orders, users, place),
    ...orderStreamRoutes(orders, streams),
    ...cancellationRoutes(orders, workflows),
    ...changeRoutes(orders, workflows),
    ...returnRoutes(orders, workflows),
    ...orderSearchRoutes(orders),
    ...parcelRoutes(orders, workflows),
    ...noteRoutes(orders),
    ...reportRoutes(orders),
    ...interventionRoutes(orders, workflows),
    ...deadLetterRoutes(subscribers),
    ...mailboxRoutes(notifications),
    ...webhookRoutes(webhooks),
    ...serviceRoutes(connections, temporal),
    ...carrierRoutes({ shipping, orders, workflows, logger, registry: metrics.registry }),
    ...refundRoutes(orders, dependencies),
    ...processorRoutes({ payments, orders, workflows }),
    ...keySetRoutes(tokens),
    ...problemRoutes,
    // Ready even without Temporal and the services: each route that needs one of them responds with 503 by itself.
    ...healthRoutes({ ready: () => ping(db), metrics, logger }).filter(({ path }) => path !== '/metrics'),
  ];
  const published = external ? replaceSignInRoutes(described, external.issuer) : described;
  return [...published, ...documentationRoutes(published)];
}
