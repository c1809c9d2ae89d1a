import type Koa from 'koa';
import { z } from 'zod';
import { decodeCursor, encodeCursor, sequenceOf } from '../platform/database/cursor.ts';
import { createApp } from '../platform/http/app.ts';
import { healthRoutes } from '../platform/http/service-api.ts';
import { Problem } from '../platform/http/problem.ts';
import { type AnyRoute, route } from '../platform/http/route.ts';
import { type Listening, listen } from '../platform/http/server.ts';
import type { Logger } from '../platform/telemetry/logger.ts';
import { createMetrics } from '../platform/telemetry/metrics.ts';
import { Refusal } from '../platform/contract/refusal.ts';
import { DroppedConnection, StoredBody } from './outcomes.ts';
import { type SandboxPage, pageRoute } from './page.ts';
import type { SqliteFile } from './sqlite.ts';

export interface SandboxServerOptions {
  name: string;
  routes: AnyRoute[];
  page: SandboxPage;
  db: SqliteFile;
  logger: Logger;
  port: number;
  host: string;
  /** The setting to change if the port is in use. */
  setting: string;
  /** Runs on every request before its body is read. */
  before?: Koa.Middleware;
}

// The largest request, an order's address, is far below 10 KB.
const BODY_LIMIT_BYTES = 64 * 1024;

/** Starts a sandbox server's API, a page about it, and the health and metrics routes that every process has. */
export function startServer({
  name,
  routes,
  page,
  db,
  logger,
  port,
  host,
  setting,
  before,
}: SandboxServerOptions): Promise<Listening> {
  const metrics = createMetrics(name);
  const ready = async () => void db.first('select 1');
  const app = createApp({
    everythingIsPublic: true,
    routes: [pageRoute(page, routes), ...routes, ...healthRoutes({ ready, metrics, logger })],
    logger,
    metrics,
    bodyLimit: BODY_LIMIT_BYTES,
    before: ({ idempotent }) => [...(before ? [before] : []), ...(idempotent ? [requireKey] : [])],
    around: () => [dropConnection],
    problemOf: (error) => (error instanceof Refusal ? new Problem(400, error.code, error.message) : undefined),
  });
  return listen(app, { port, host, setting });
}

const KEY = /^[\x21-\x7e]{1,255}$/;

async function requireKey(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  const key = ctx.get('Idempotency-Key');
  if (!key) throw new Problem(428, 'IdempotencyKeyRequired', 'this request requires an Idempotency-Key header');
  if (!KEY.test(key))
    throw new Problem(400, 'BadIdempotencyKey', 'the Idempotency-Key must be 1 to 255 visible ASCII characters');
  await next();
}

async function dropConnection(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  try {
    await next();
  } catch (error) {
    if (!(error instanceof DroppedConnection)) throw error;
    ctx.respond = false;
    ctx.req.socket.destroy();
  }
}

const LedgerQuery = z.strictObject({
  orderId: z.string().optional(),
  after: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export interface LedgerRow {
  sequence: number;
}

/** `GET /ledger`: the entries of one order, or all entries page by page, oldest first. */
export const ledgerRoute = (db: SqliteFile, columns: string): AnyRoute =>
  route({
    method: 'get',
    path: '/ledger',
    operationId: 'readLedger',
    summary: 'The ledger: effects that happened, without refusals',
    tag: 'ledger',
    access: 'public',
    query: LedgerQuery,
    responses: { 200: { description: 'Entries', body: StoredBody } },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { orderId, after, limit } }) {
      if (orderId !== undefined) {
        const items = db.all(`select ${columns} from ledger where order_id = ? order by sequence`, orderId);
        return { status: 200, body: { items } };
      }
      const since = after === undefined ? 0 : sequenceOf(decodeCursor(after, 1)[0]!);
      const rows = db.all<LedgerRow>(
        `select sequence, ${columns} from ledger where sequence > ? order by sequence limit ?`,
        since,
        limit,
      );
      const items = rows.map(({ sequence: _sequence, ...entry }) => entry);
      const next = rows.length < limit ? null : encodeCursor([String(rows.at(-1)!.sequence)]);
      return { status: 200, body: { items, next } };
    },
  });
