import type Koa from 'koa';
import { Problem } from '../../platform/http/problem.ts';

/** Headers with one value, which may occur once; those with a list may repeat (RFC 9110 section 5.3). If there were two, a proxy might use the first one and this gateway the last. */
const SINGLE = new Set([
  'host',
  'authorization',
  'content-type',
  'content-encoding',
  'idempotency-key',
  'carrier-signature',
]);

/** Refuses repeated headers, as RFC 9112 section 3.2 requires for Host. */
export async function refuseRepeatedHeaders(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  const { rawHeaders } = ctx.req;
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) throw new Problem(400, 'RepeatedHeader', `the header ${name} occurs more than once`);
    seen.add(name);
  }
  await next();
}
