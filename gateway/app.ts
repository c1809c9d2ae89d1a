import type { Client } from '@temporalio/client';
import type Koa from 'koa';
import type { Kysely } from 'kysely';
import { ping } from '../platform/database.ts';
import { createApp } from '../platform/http/app.ts';
import { healthRoutes } from '../platform/http/door.ts';
import type { AnyRoute } from '../platform/http/route.ts';
import type { Logger } from '../platform/logger.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { GatewayDatabase } from './database.ts';
import { createIdempotencyRecords } from './idempotency-records.ts';
import { authenticate } from './middleware/authentication.ts';
import { idempotency, requireIdempotencyKey } from './middleware/idempotency.ts';
import { refuseUnprintable } from './middleware/printable.ts';
import { caching, security } from './middleware/security.ts';
import { requireSignature } from './middleware/signature.ts';
import { createPlacing } from './placing.ts';
import { problemOf } from './problems.ts';
import { cancellationRoutes } from './routes/cancellations.ts';
import { carrierRoutes } from './routes/carrier.ts';
import { documentationRoutes } from './routes/documentation.ts';
import { interventionRoutes } from './routes/interventions.ts';
import { orderRoutes } from './routes/orders.ts';
import { productRoutes } from './routes/products.ts';
import { returnRoutes } from './routes/returns.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { stockRoutes } from './routes/stock.ts';
import { userRoutes } from './routes/users.ts';
import { wellKnownRoutes } from './routes/wellknown.ts';
import type { Services } from './services.ts';
import type { Tokens } from './tokens.ts';
import { createWorkflows } from './workflows.ts';

/** What the gateway stands on. */
export interface GatewayDependencies {
  services: Services;
  temporal: Client;
  db: Kysely<GatewayDatabase>;
  tokens: Tokens;
  /** Shared with the carrier, which signs its callbacks with it. */
  carrierSecret: string;
  /** Whose pages may call from a browser; none where empty. */
  corsOrigins: readonly string[];
  logger: Logger;
  metrics: Metrics;
}

// Ten times the largest body anybody has reason to send, a return of 4,000 lines; few enough that a hundred at once fit.
const BODY_LIMIT_BYTES = 1024 * 1024;

/** The whole gateway, without a port: tests and the process both start here. */
export function createGateway(dependencies: GatewayDependencies): Koa {
  const { tokens, db, carrierSecret, corsOrigins, logger, metrics } = dependencies;
  const records = createIdempotencyRecords(db);
  return createApp({
    routes: routesOf(dependencies),
    logger,
    metrics,
    bodyLimit: BODY_LIMIT_BYTES,
    everywhere: security(corsOrigins),
    before: (definition) => [
      caching(definition),
      authenticate(tokens, definition.access),
      ...(definition.idempotent ? [requireIdempotencyKey] : []),
    ],
    afterRead: ({ access }) => (access === 'signed' ? [requireSignature(carrierSecret)] : []),
    around: (definition) => [
      refuseUnprintable,
      ...(definition.idempotent ? [idempotency(definition, records, logger)] : []),
    ],
    problemOf,
  });
}

/** Every endpoint. Whoever adds one adds it here; the description of the API follows by itself. */
function routesOf({ services, temporal, db, tokens, logger, metrics }: GatewayDependencies): AnyRoute[] {
  const { users, products, inventory, orders, shipping } = services;
  const workflows = createWorkflows(temporal);
  const place = createPlacing({ orders, products, workflows, registry: metrics.registry });
  const described = [
    ...userRoutes(users),
    ...sessionRoutes(users, tokens),
    ...productRoutes(products, inventory),
    ...stockRoutes(products, inventory),
    ...orderRoutes(orders, place),
    ...cancellationRoutes(orders, workflows),
    ...returnRoutes(orders, workflows),
    ...interventionRoutes(orders, workflows),
    ...carrierRoutes(shipping, workflows),
    ...wellKnownRoutes(tokens),
    // Ready without Temporal and the services: what needs none of them still answers, and the rest says 503 itself.
    ...healthRoutes({ ready: () => ping(db), metrics, logger }).filter(({ path }) => path !== '/metrics'),
  ];
  return [...described, ...documentationRoutes(described)];
}
