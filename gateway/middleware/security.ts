import cors from '@koa/cors';
import type Koa from 'koa';
import helmet from 'koa-helmet';
import type { AnyRoute } from '../../platform/http/route.ts';

/** For answers that a browser shows at most by accident: nothing in them may load, run or be framed. */
const NOTHING = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

/** Headers for every answer, and CORS for the origins that were named; for none where none was. */
export function security(corsOrigins: readonly string[]): Koa.Middleware[] {
  const headers = helmet({ contentSecurityPolicy: { useDefaults: false, directives: NOTHING } });
  return corsOrigins.length === 0 ? [headers] : [headers, sharing(corsOrigins)];
}

const sharing = (origins: readonly string[]): Koa.Middleware =>
  cors({
    origin: (ctx) => (origins.includes(ctx.get('Origin')) ? ctx.get('Origin') : ''),
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match', 'Prefer'],
    exposeHeaders: ['ETag', 'Idempotent-Replayed', 'Location', 'Preference-Applied', 'Retry-After', 'X-Request-Id'],
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
