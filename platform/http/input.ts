import { bodyParser } from '@koa/bodyparser';
import type Koa from 'koa';
import { z } from 'zod';
import { Problem, invalidRequest } from './problem.ts';
import type { AnyRoute, Asked } from './route.ts';

/** Reads a JSON body of at most the route's limit, or `appLimit` bytes; leaves it undefined where none was sent. */
export function readBody(definition: AnyRoute, appLimit: number): Koa.Middleware {
  if (!definition.body) return (_ctx, next) => next();
  const parse = jsonParser(definition.bodyLimit ?? appLimit);
  return async (ctx, next) => {
    if (hasBody(ctx)) {
      if (!ctx.is('application/json')) {
        throw new Problem(415, 'UnsupportedMediaType', 'send the body as application/json');
      }
      await parse(ctx, async () => {});
    }
    await next();
  };
}

const hasBody = ({ req }: Koa.Context): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;

const jsonParser = (limit: number): Koa.Middleware =>
  bodyParser({
    enableTypes: ['json'],
    jsonLimit: `${limit}b`,
    onError(error) {
      const { status } = error as { status?: number };
      if (status === 413) {
        throw new Problem(413, 'BodyTooLarge', `the body is larger than ${limit} bytes`, { cause: error });
      }
      if (status === 415) {
        throw new Problem(415, 'UnsupportedMediaType', 'this Content-Encoding is not known here', { cause: error });
      }
      throw new Problem(400, 'MalformedJson', 'the body is not a JSON object', { cause: error });
    },
  });

/** Checks path, query and body against the route's shapes and leaves what passed in `ctx.state.asked`. */
export const checkInput =
  (definition: AnyRoute): Koa.Middleware =>
  async (ctx, next) => {
    const { body, rawBody } = ctx.request as { body?: unknown; rawBody?: string };
    const asked: Asked = {
      params: checked(definition.params, { ...ctx.params }, 'params'),
      query: checked(definition.query ?? NoQuery, { ...ctx.query }, 'query'),
      body: checked(definition.body, body, 'body'),
      header: (name) => ctx.get(name),
      rawBody: rawBody ?? '',
      caller: ctx.state.caller as Asked['caller'],
      idempotencyKey: ctx.get('Idempotency-Key') || undefined,
      retried: false,
      requestId: ctx.state.requestId as string,
    };
    ctx.state.asked = asked;
    await next();
  };

const NoQuery = z.strictObject({});

function checked(shape: z.ZodType | undefined, value: unknown, part: 'params' | 'query' | 'body'): unknown {
  if (!shape) return undefined;
  const result = shape.safeParse(value);
  if (!result.success) throw invalidRequest(result.error, part);
  return result.data;
}
