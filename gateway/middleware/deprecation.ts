import type Koa from 'koa';
import type { Deprecation } from '../../platform/http/route.ts';

/**
 * Tells callers, with every answer, since when a route is deprecated (`Deprecation`, RFC 9745), from when on it will
 * be gone (`Sunset`, RFC 8594), and what takes its place (`Link`, RFC 8288).
 */
export function announceDeprecation({ since, sunset, successor }: Deprecation): Koa.Middleware {
  const headers = {
    Deprecation: `@${Date.parse(since) / 1000}`,
    ...(sunset && { Sunset: new Date(sunset).toUTCString() }),
    ...(successor && { Link: `<${successor}>; rel="successor-version"` }),
  };
  return async (ctx, next) => {
    ctx.set(headers);
    await next();
  };
}
