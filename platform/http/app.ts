import { METHODS } from 'node:http';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { trace } from '@opentelemetry/api';
import Koa from 'koa';
import Router from 'koa-router';
import { withContext } from '../context.ts';
import { type Logger, traceId } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { claimActiveSpan } from '../telemetry/service-name.ts';
import { entityTag, notModified } from './conditional.ts';
import { checkInput, readBody } from './input.ts';
import { Problem, titleOf } from './problem.ts';
import type { AnyRoute, RouteRequest } from './route.ts';

export interface AppOptions {
  routes: AnyRoute[];
  logger: Logger;
  metrics: Metrics;
  /** Maximum request body in bytes, unless the route sets its own. */
  bodyLimit: number;
  /** Runs on every request before routing, for example for headers and CORS. */
  everywhere?: Koa.Middleware[];
  /** Runs when no route matches, before the 404 or 405. */
  unrouted?: Koa.Middleware[];
  /** Runs before a route's input is read, for example for access control. */
  before?: (route: AnyRoute) => Koa.Middleware[];
  /** Runs after the body is read and before it is checked, for example for signatures. */
  afterRead?: (route: AnyRoute) => Koa.Middleware[];
  /** Runs around the handler with the checked input, for example for idempotency. */
  around?: (route: AnyRoute) => Koa.Middleware[];
  /** Whether nothing must be kept back: JSON bodies may then be sent without a schema. */
  everythingIsPublic?: boolean;
  /** Turns a handler's error into a problem; undefined: the error is a bug. */
  problemOf?: (error: unknown) => Problem | undefined;
}

/** The part of `ctx.state` that middleware may use. */
export interface RequestState {
  requestId: string;
  asked: RouteRequest;
}

/** Creates a complete HTTP application without a port, for processes and tests. */
export function createApp(options: AppOptions): Koa {
  const app = new Koa();
  // With all of Node's methods known, an unused one gets 405: koa-router's 501 would look like a fault of the server.
  const router = new Router({ strict: true, methods: METHODS });
  for (const definition of options.routes) {
    const stack: Koa.Middleware[] = [
      ...(options.before?.(definition) ?? []),
      readBody(definition, options.bodyLimit),
      ...(options.afterRead?.(definition) ?? []),
      checkInput(definition),
      ...(options.around?.(definition) ?? []),
      respond(definition, options),
    ];
    router[definition.method](definition.path, ...(stack as Router.IMiddleware[]));
  }
  app.use(identify(options.metrics));
  app.use(measure(options.metrics));
  for (const middleware of options.everywhere ?? []) app.use(middleware);
  app.use(problems(options));
  app.use(router.routes() as Koa.Middleware);
  for (const middleware of options.unrouted ?? []) app.use(middleware);
  app.use(notAllowed(router));
  // Errors of the connection itself; handler errors have become problems by now.
  app.on('error', (error) => options.logger.debug('connection error', { error }));
  return app;
}

const REQUEST_ID = /^[\w.-]{1,100}$/;

const identify =
  ({ service }: Metrics): Koa.Middleware =>
  async (ctx, next) => {
    const given = ctx.get('X-Request-Id');
    const requestId = REQUEST_ID.test(given) ? given : randomUUID();
    ctx.state.requestId = requestId;
    ctx.set('X-Request-Id', requestId);
    // The request's span began before it was known which of the process's services it is for.
    claimActiveSpan(service);
    await withContext({ service, requestId }, next);
  };

const measure =
  ({ httpRequestDuration }: Metrics): Koa.Middleware =>
  async (ctx, next) => {
    const stop = httpRequestDuration.startTimer();
    await next();
    const route = (ctx._matchedRoute as string | undefined) ?? 'none';
    trace.getActiveSpan()?.updateName(`${ctx.method} ${route}`).setAttribute('http.route', route);
    stop({ method: ctx.method, route, status_code: ctx.status });
  };

const problems =
  ({ logger, problemOf }: AppOptions): Koa.Middleware =>
  async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined && !ctx._matchedRoute) {
        throw new Problem(404, 'NotFound', 'there is no resource at this path');
      }
    } catch (error) {
      const problem = error instanceof Problem ? error : (problemOf?.(error) ?? bug(error, logger));
      if (problem.status === 503 && !problem.expected)
        logger.warn('service unavailable', { code: problem.code, error: problem.cause });
      writeProblem(ctx, problem);
    }
  };

/** Responds with `problem`, without its cause. */
export function writeProblem(ctx: Koa.Context, problem: Problem): void {
  ctx.status = problem.status;
  ctx.set(problem.headers);
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'application/problem+json';
  ctx.body = JSON.stringify({
    ...problem.members,
    type: `/problems/${problem.code}`,
    title: titleOf(problem.code),
    status: problem.status,
    detail: problem.message,
    instance: ctx.path,
    code: problem.code,
    requestId: ctx.state.requestId as string,
    traceId: traceId(),
    errors: problem.errors,
  });
}

function bug(error: unknown, logger: Logger): Problem {
  logger.error('unexpected error', { error });
  return new Problem(500, 'InternalError', 'an unexpected error occurred; give the requestId when you report it');
}

function notAllowed(router: Router): Koa.Middleware {
  const allowed = router.allowedMethods({
    throw: true,
    methodNotAllowed: () => new Problem(405, 'MethodNotAllowed', 'this method is not allowed for this path'),
  });
  return async (ctx, next) => {
    try {
      await (allowed as Koa.Middleware)(ctx, next);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const methods = new Set(router.stack.filter((layer) => layer.match(ctx.path)).flatMap((layer) => layer.methods));
      throw new Problem(error.status, error.code, error.message, { headers: { Allow: [...methods].join(', ') } });
    }
  };
}

const respond =
  (definition: AnyRoute, { everythingIsPublic }: AppOptions): Koa.Middleware =>
  async (ctx) => {
    const reply = await definition.handle(ctx.state.asked as RouteRequest<never, never, never>);
    ctx.status = reply.status;
    ctx.set(reply.headers ?? {});
    const { body: json, mediaType } = definition.responses[reply.status] ?? {};
    const schema = mediaType !== undefined && typeof reply.body === 'string' ? undefined : json;
    // Without a schema the body could contain fields that are not meant for the caller.
    if (!schema && !everythingIsPublic && isObject(reply.body))
      throw new Error(`${definition.operationId} declares no response schema for status ${reply.status}`);
    // Another service checks what it reads against the same contract, which drops the same fields: once is enough.
    if (schema) sendJson(ctx, definition.access === 'service' ? reply.body : schema.parse(reply.body), reply.version);
    else ctx.body = reply.body ?? null;
    if (reply.body === undefined && !schema) ctx.status = reply.status; // Koa sets 204 when the body is set to null
    if (notModified(ctx)) ctx.status = 304;
  };

/** Serializes once for the entity tag, the length and the body; Koa would serialize for each. */
function sendJson(ctx: Koa.Context, value: unknown, version: number | undefined): void {
  const text = JSON.stringify(value);
  if (version !== undefined) ctx.set('ETag', entityTag(version, text));
  if (!ctx.response.get('Content-Type')) ctx.set('Content-Type', 'application/json; charset=utf-8');
  ctx.body = text;
}

/** Whether Koa would send it as JSON. */
const isObject = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && !Buffer.isBuffer(body) && !(body instanceof Readable);
