import cors from '@koa/cors';
import type Koa from 'koa';
import helmet from 'koa-helmet';
import type { AnyRoute } from '../../platform/http/route.ts';

/** For answers that a browser shows at most by accident: nothing in them may load, run or be framed. */
const NOTHING = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

/** Headers for every answer, and CORS for the origins that were named; for none where none was. */
export function security(corsOrigins: readonly string[]): Koa.Middleware[] {
  const headers = helmet({ contentSecurityPolicy: { useDefaults: false, directives: NOTHING } });
  const always = onlyOnce(headers);
  return corsOrigins.length === 0 ? [always] : [always, sharing(corsOrigins)];
}

/** These headers are the same on every answer: what was set on the first is set on the others. */
function onlyOnce(setHeaders: Koa.Middleware): Koa.Middleware {
  let kept: readonly [string, string][] | undefined;
  return async (ctx, next) => {
    if (kept) {
      for (const [name, value] of kept) ctx.res.setHeader(name, value);
    } else {
      const before = new Set(ctx.res.getHeaderNames());
      await setHeaders(ctx, async () => undefined);
      const added = Object.entries(ctx.res.getHeaders()).filter(([name]) => !before.has(name));
      kept = added.map(([name, value]) => [name, String(value)]);
    }
    await next();
  };
}

/** What pages may read beside what every page may. */
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

const sharing = (origins: readonly string[]): Koa.Middleware =>
  cors({
    origin: (ctx) => (origins.includes(ctx.get('Origin')) ? ctx.get('Origin') : ''),
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match', 'Prefer'],
    exposeHeaders: EXPOSED,
    // Tokens travel in a header, never in a cookie.
    credentials: false,
    maxAge: 600,
  });

/** What is for one person is kept by no cache; what is for all may be kept and must be asked after (by its ETag). */
export const caching =
  ({ access, method }: AnyRoute): Koa.Middleware =>
  async (ctx, next) => {
    ctx.set('Cache-Control', access === 'public' && method === 'get' ? 'no-cache' : 'no-store');
    await next();
  };
