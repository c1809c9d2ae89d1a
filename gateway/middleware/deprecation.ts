import type Koa from 'koa';
import type { Deprecation } from '../../platform/http/route.ts';

/**
 * Sets headers that announce since when a route is deprecated (`Deprecation`, RFC 9745), when it will be removed
 * (`Sunset`, RFC 8594) and what replaces it (`Link`, RFC 8288).
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
