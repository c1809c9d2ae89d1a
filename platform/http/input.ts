import type Koa from 'koa';
import { z } from 'zod';
import { readBodyText } from './body.ts';
import { hasDuplicateOrInvalidName } from './json-names.ts';
import { Problem, invalidRequest, pointerTo } from './problem.ts';
import type { AnyRoute, RouteRequest } from './route.ts';

/** Reads the body, up to the route's limit or `appLimit` bytes; it stays undefined if the request has none. */
export function readBody(definition: AnyRoute, appLimit: number): Koa.Middleware {
  if (!definition.body) return (_ctx, next) => next();
  const kind = definition.form ? 'form' : 'json';
  const limit = definition.bodyLimit ?? appLimit;
  return async (ctx, next) => {
    if (hasBody(ctx)) {
      if (!ctx.is(MEDIA_TYPES[kind])) {
        throw new Problem(415, 'UnsupportedMediaType', `send the request body as ${MEDIA_TYPES[kind]}`);
      }
      if (!['', 'utf-8', 'utf8'].includes(ctx.request.charset.toLowerCase())) {
        throw new Problem(415, 'UnsupportedMediaType', 'send the request body in UTF-8');
      }
      const rawBody = await readBodyText(ctx.req, limit);
      Object.assign(ctx.request, { rawBody, body: PARSERS[kind](rawBody) });
    }
    await next();
  };
}

const hasBody = ({ req }: Koa.Context): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;

const MEDIA_TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const;

const PARSERS: Readonly<Record<keyof typeof MEDIA_TYPES, (text: string) => unknown>> = {
  json(text) {
    const value = parsed(text);
    if (hasDuplicateOrInvalidName(text)) {
      throw new Problem(400, 'MalformedJson', 'the request body has a duplicate or invalid field name');
    }
    return value;
  },
  // A repeated field becomes a list, which no schema accepts (RFC 6749 section 3.2).
  form(text) {
    const form = new URLSearchParams(text);
    const values = (name: string) => (form.getAll(name).length === 1 ? form.get(name) : form.getAll(name));
    return Object.fromEntries([...new Set(form.keys())].map((name) => [name, values(name)]));
  },
};

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw new Problem(400, 'MalformedJson', 'the request body is not a JSON object', { cause });
  }
  throw new Problem(400, 'MalformedJson', 'the request body is not a JSON object');
}

/** Checks path, query and body against the route's schemas and stores the result in `ctx.state.asked`. */
export const checkInput =
  (definition: AnyRoute): Koa.Middleware =>
  async (ctx, next) => {
    const { body, rawBody } = ctx.request as { body?: unknown; rawBody?: string };
    const asked: RouteRequest = {
      params: checked(definition.params, { ...ctx.params }, 'params'),
      query: checked(definition.query ?? NoQuery, singleValues(ctx.query), 'query'),
      body: checked(definition.body, body, 'body'),
      header: (name) => ctx.get(name),
      accepts(...types) {
        ctx.vary('Accept');
        return ctx.accepts(types);
      },
      rawBody: rawBody ?? '',
      caller: ctx.state.caller as RouteRequest['caller'],
      idempotencyKey: ctx.get('Idempotency-Key') || undefined,
      retried: false,
      requestId: ctx.state.requestId as string,
      address: ctx.ip,
    };
    ctx.state.asked = asked;
    await next();
  };

const NoQuery = z.strictObject({});

/** Refuses repeated parameters: a proxy might use the first of them, and this application the last. */
function singleValues(query: Koa.Context['query']): Record<string, unknown> {
  const repeated = Object.keys(query).filter((name) => Array.isArray(query[name]));
  if (repeated.length > 0) {
    throw new Problem(400, 'InvalidRequest', 'the request query is invalid', {
      errors: repeated.slice(0, 50).map((name) => ({ pointer: pointerTo([name]), detail: 'occurs more than once' })),
    });
  }
  return { ...query };
}

function checked(schema: z.ZodType | undefined, value: unknown, part: 'params' | 'query' | 'body'): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (!result.success) throw invalidRequest(result.error, part);
  return result.data;
}
