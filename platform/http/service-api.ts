import { hash, timingSafeEqual } from 'node:crypto';
import type Koa from 'koa';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import { withContext } from '../context.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Refusal } from '../contract/refusal.ts';
import { createApp } from './app.ts';
import { Problem } from './problem.ts';
import { type AnyRoute, route } from './route.ts';

/** A part of a contract with its implementation. */
export interface ServedOperations {
  operations: Operations;
  implementation: object;
}

export interface ServiceApiOptions {
  requests: ServedOperations;
  activities?: ServedOperations | undefined;
  /** The feed of its events and its dead letters. */
  events?: ServedOperations;
  /** Resolves if the service is ready, rejects with the reason if it is not. */
  ready(): Promise<void>;
  /** Further metrics in Prometheus text format, such as the Temporal SDK's. */
  moreMetrics?: () => Promise<string>;
  token: string;
  logger: Logger;
  metrics: Metrics;
}

// An order of 2,000 lines with product names has about 400 KB.
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

/** Creates a service's HTTP API: the operations of its contract, for callers with the service token, and its health. */
export function createServiceApi(options: ServiceApiOptions): Koa {
  const { requests, activities, events, token, logger, metrics } = options;
  return createApp({
    routes: [
      ...operationRoutes('requests', requests),
      ...(activities ? operationRoutes('activities', activities) : []),
      ...(events ? operationRoutes('events', events) : []),
      ...healthRoutes(options),
    ],
    logger,
    metrics,
    bodyLimit: BODY_LIMIT_BYTES,
    before: ({ access }) => (access === 'service' ? [requireToken(token)] : []),
    problemOf: (error) =>
      error instanceof Refusal ? new Problem(409, error.code, error.message, { cause: error }) : undefined,
  });
}

const operationRoutes = (
  part: 'requests' | 'activities' | 'events',
  { operations, implementation }: ServedOperations,
): AnyRoute[] =>
  Object.entries(operations).map(([name, operation]) =>
    route({
      method: 'post',
      path: `/${part}/${name}`,
      operationId: name,
      summary: name,
      tag: part,
      access: 'service',
      body: operation.request,
      responses: { 200: { description: 'The response', body: operation.response }, 204: { description: 'Done' } },
      async handle({ body }) {
        const functions = implementation as Record<string, (request: unknown) => Promise<unknown>>;
        const response = await withContext(orderIn(body), () => functions[name]!(body));
        return response === undefined ? { status: 204 } : { status: 200, body: response };
      },
    }),
  );

/** The order id for the log lines, as for an activity from the task queue. */
const orderIn = (body: unknown) => {
  const { orderId } = (body ?? {}) as { orderId?: string };
  return orderId === undefined ? {} : { orderId };
};

/** `/livez`, `/readyz` and `/metrics`, the same for every process. */
export const healthRoutes = (
  options: Pick<ServiceApiOptions, 'ready' | 'metrics' | 'moreMetrics' | 'logger'>,
): AnyRoute[] => [
  route({
    method: 'get',
    path: '/livez',
    operationId: 'livez',
    summary: 'Whether the process runs',
    tag: 'health',
    access: 'public',
    rate: 'uncounted',
    responses: { 200: { description: 'It runs', body: z.object({ status: z.literal('ok') }) } },
    handle: async () => ({ status: 200, body: { status: 'ok' } }),
  }),
  readinessRoute(options),
  route({
    method: 'get',
    path: '/metrics',
    operationId: 'metrics',
    summary: 'Metrics for Prometheus',
    tag: 'health',
    access: 'public',
    rate: 'uncounted',
    responses: { 200: { description: 'Prometheus text format 0.0.4' } },
    async handle() {
      const { registry } = options.metrics;
      const more = (await options.moreMetrics?.()) ?? '';
      return {
        status: 200,
        body: (await registry.metrics()) + more,
        headers: { 'Content-Type': registry.contentType },
      };
    },
  }),
];

function readinessRoute({ ready }: Pick<ServiceApiOptions, 'ready'>): AnyRoute {
  // The process that started this one polls this until it is ready.
  let starting = true;
  return route({
    method: 'get',
    path: '/readyz',
    operationId: 'readyz',
    summary: 'Whether it can do its work',
    tag: 'health',
    access: 'public',
    rate: 'uncounted',
    responses: { 200: { description: 'It can', body: z.object({ status: z.literal('ok') }) } },
    problems: { 503: ['NotReady'] },
    async handle() {
      await ready().catch((cause: unknown) => {
        const detail = 'a server that this process depends on does not respond';
        throw new Problem(503, 'NotReady', detail, { headers: { 'Retry-After': '1' }, cause, expected: starting });
      });
      starting = false;
      return { status: 200, body: { status: 'ok' } };
    },
  });
}

const digest = (text: string) => hash('sha256', text, 'buffer');

function requireToken(token: string): Koa.Middleware {
  const expected = digest(`Bearer ${token}`);
  return async (ctx, next) => {
    // Digests have one length, so the duration of the comparison reveals nothing.
    if (!timingSafeEqual(digest(ctx.get('Authorization')), expected)) {
      throw new Problem(401, 'Unauthorized', 'the service token is missing or wrong');
    }
    await next();
  };
}
