import { METHODS } from 'node:http';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { trace } from '@opentelemetry/api';
import Koa from 'koa';
import Router from 'koa-router';
import { withContext } from '../context.ts';
import { type Logger, traceId } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { entityTag, notModified } from './conditional.ts';
import { checkInput, readBody } from './input.ts';
import { Problem, titleOf } from './problem.ts';
import type { AnyRoute, RouteRequest } from './route.ts';

export interface AppOptions {
  routes: AnyRoute[];
  logger: Logger;
  metrics: Metrics;
  /** Bytes a request body may have where its route says nothing. */
  bodyLimit: number;
  /** Runs on every request before routing: headers, CORS. */
  everywhere?: Koa.Middleware[];
  /** Runs where no route matches, before that is said. */
  unrouted?: Koa.Middleware[];
  /** Runs before a route's input is read: who may call. */
  before?: (route: AnyRoute) => Koa.Middleware[];
  /** Runs when the body is read and before anything of it is believed: signatures. */
  afterRead?: (route: AnyRoute) => Koa.Middleware[];
  /** Runs with the checked input at hand: idempotency. */
  around?: (route: AnyRoute) => Koa.Middleware[];
  /** Whether there is nothing to keep back: answers then go out as they are, with or without a shape. */
  everythingIsPublic?: boolean;
  /** Makes a problem of an error that a handler let pass; undefined leaves it a bug. */
  problemOf?: (error: unknown) => Problem | undefined;
}

/** What middleware finds on `ctx.state`. */
export interface RequestState {
  requestId: string;
  asked: RouteRequest;
}

/** A whole HTTP application without a port: tests and processes both start here. */
export function createApp(options: AppOptions): Koa {
  const app = new Koa();
  // Whatever Node lets in is a method, and no route's is not allowed (405): 501 would read as a fault of ours.
  const router = new Router({ strict: true, methods: METHODS });
  for (const definition of options.routes) {
    const stack: Koa.Middleware[] = [
      ...(options.before?.(definition) ?? []),
      readBody(definition, options.bodyLimit),
      ...(options.afterRead?.(definition) ?? []),
      checkInput(definition),
      ...(options.around?.(definition) ?? []),
      answer(definition, options),
    ];
    router[definition.method](definition.path, ...(stack as Router.IMiddleware[]));
  }
  app.use(identify);
  app.use(measure(options.metrics));
  for (const middleware of options.everywhere ?? []) app.use(middleware);
  app.use(problems(options));
  app.use(router.routes() as Koa.Middleware);
  for (const middleware of options.unrouted ?? []) app.use(middleware);
  app.use(notAllowed(router));
  // Errors of the connection itself; those of handlers have become problems by now.
  app.on('error', (error) => options.logger.debug('connection error', { error }));
  return app;
}

const REQUEST_ID = /^[\w.-]{1,100}$/;

async function identify(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  const given = ctx.get('X-Request-Id');
  const requestId = REQUEST_ID.test(given) ? given : randomUUID();
  ctx.state.requestId = requestId;
  ctx.set('X-Request-Id', requestId);
  await withContext({ requestId }, next);
}

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
        throw new Problem(404, 'NotFound', 'there is nothing at this address');
      }
    } catch (error) {
      const problem = error instanceof Problem ? error : (problemOf?.(error) ?? bug(error, logger));
      if (problem.status === 503) logger.warn('unavailable', { code: problem.code, error: problem.cause });
      writeProblem(ctx, problem);
    }
  };

/** Answers with `problem`; nothing of its cause is shown. */
export function writeProblem(ctx: Koa.Context, problem: Problem): void {
  ctx.status = problem.status;
  ctx.set(problem.headers);
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'application/problem+json';
  ctx.body = JSON.stringify({
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
  return new Problem(500, 'InternalError', 'something went wrong here; the request id helps us find it');
}

function notAllowed(router: Router): Koa.Middleware {
  const allowed = router.allowedMethods({
    throw: true,
    methodNotAllowed: () => new Problem(405, 'MethodNotAllowed', 'this method is not allowed here'),
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

const answer =
  (definition: AnyRoute, { everythingIsPublic }: AppOptions): Koa.Middleware =>
  async (ctx) => {
    const reply = await definition.handle(ctx.state.asked as RouteRequest<never, never, never>);
    ctx.status = reply.status;
    ctx.set(reply.headers ?? {});
    const shape = definition.responses[reply.status]?.body;
    // Without a shape there is nothing to build JSON from, and what was not meant for anybody could be in it.
    if (!shape && !everythingIsPublic && isObject(reply.body))
      throw new Error(`${definition.operationId} has no shape for ${reply.status}`);
    if (shape) sendJson(ctx, shape.parse(reply.body), reply.version);
    else ctx.body = reply.body ?? null;
    if (reply.body === undefined && !shape) ctx.status = reply.status; // Koa makes it 204 when a body is set to null
    if (notModified(ctx)) ctx.status = 304;
  };

/** Spelled once, for the entity tag, the length and the answer alike; Koa would do so for each. */
function sendJson(ctx: Koa.Context, value: unknown, version: number | undefined): void {
  const text = JSON.stringify(value);
  if (version !== undefined) ctx.set('ETag', entityTag(version, text));
  if (!ctx.response.get('Content-Type')) ctx.set('Content-Type', 'application/json; charset=utf-8');
  ctx.body = text;
}

/** Whether it would be sent as JSON. */
const isObject = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && !Buffer.isBuffer(body) && !(body instanceof Readable);
