import type Koa from 'koa';
import { Problem } from '../../platform/http/problem.ts';

/** Of these a request has one at most: of two, one of us and a proxy before us might believe the first, one the last. */
const SINGLE = new Set([
  'host',
  'authorization',
  'content-type',
  'content-encoding',
  'idempotency-key',
  'if-match',
  'prefer',
  'carrier-signature',
]);

/** Refuses what RFC 9112 section 3.2 says of Host, and what is true of the others as well. */
export async function refuseRepeatedHeaders(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  const { rawHeaders } = ctx.req;
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) throw new Problem(400, 'RepeatedHeader', `${name} is there twice`);
    seen.add(name);
  }
  await next();
}
