import cors from '@koa/cors';
import type Koa from 'koa';
import helmet from 'koa-helmet';
import type { AnyRoute } from '../../platform/http/route.ts';

/** No response is meant to be shown by a browser: nothing in it may load, run or be framed. */
const NOTHING = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

/** Sets security headers on every response, and CORS headers for the given origins. */
export function security(corsOrigins: readonly string[]): Koa.Middleware[] {
  const headers = helmet({ contentSecurityPolicy: { useDefaults: false, directives: NOTHING } });
  const always = computedOnce(headers);
  return corsOrigins.length === 0 ? [always] : [always, allowOrigins(corsOrigins)];
}

/** Computes the headers for the first response and copies them to the others: they are always the same. */
function computedOnce(setHeaders: Koa.Middleware): Koa.Middleware {
  let headers: readonly [string, string][] | undefined;
  return async (ctx, next) => {
    if (headers) {
      for (const [name, value] of headers) ctx.res.setHeader(name, value);
    } else {
      const before = new Set(ctx.res.getHeaderNames());
      await setHeaders(ctx, async () => undefined);
      const added = Object.entries(ctx.res.getHeaders()).filter(([name]) => !before.has(name));
      headers = added.map(([name, value]) => [name, String(value)]);
    }
    await next();
  };
}

/** Response headers that pages may read, besides those that CORS always exposes. */
const EXPOSED = [
  'ETag',
  'Idempotent-Replayed',
  'Location',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Request-Id',
];

const allowOrigins = (origins: readonly string[]): Koa.Middleware =>
  cors({
    origin: (ctx) => (origins.includes(ctx.get('Origin')) ? ctx.get('Origin') : ''),
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'Last-Event-ID',
      'Prefer',
    ],
    exposeHeaders: EXPOSED,
    // Tokens travel in a header, never in a cookie.
    credentials: false,
    maxAge: 600,
  });

/** Caches must not store private responses; they may store public ones, but must revalidate them by ETag. */
export const caching =
  ({ access, method }: AnyRoute): Koa.Middleware =>
  async (ctx, next) => {
    ctx.set('Cache-Control', access === 'public' && method === 'get' ? 'no-cache' : 'no-store');
    await next();
  };
