import { createHmac, timingSafeEqual } from 'node:crypto';
import type Koa from 'koa';
import { Problem } from '../../platform/http/problem.ts';

// Allows for a queue at the carrier and for differing clocks. An older update is a replay; a real one is signed anew.
const TOLERANCE_SECONDS = 300;

/**
 * Verifies the carrier's signature: `Carrier-Signature: t=<unix seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of
 * `<t>.<body>` under the shared secret. There may be several v1 while the secret is being changed.
 */
export const requireCarrierSignature =
  (secret: string): Koa.Middleware =>
  async (ctx, next) => {
    const { time, signatures } = parse(ctx.get('Carrier-Signature'));
    const { rawBody = '' } = ctx.request as { rawBody?: string };
    const expected = createHmac('sha256', secret).update(`${time}.${rawBody}`).digest();
    const fresh = Math.abs(Date.now() / 1000 - Number(time)) <= TOLERANCE_SECONDS;
    if (!fresh || !signatures.some((signature) => timingSafeEqual(signature, expected))) {
      throw new Problem(401, 'InvalidSignature', 'Carrier-Signature is missing, wrong or older than five minutes', {
        headers: { 'WWW-Authenticate': 'Carrier-Signature' },
      });
    }
    await next();
  };

function parse(header: string): { time: string; signatures: Buffer[] } {
  const pairs = header.split(',').map((pair) => pair.trim().split('='));
  const valuesOf = (wanted: string) => pairs.filter(([name]) => name === wanted).map(([, value]) => value ?? '');
  return {
    time: valuesOf('t').find((value) => /^\d{1,12}$/.test(value)) ?? '',
    signatures: valuesOf('v1')
      .filter((value) => /^[0-9a-f]{64}$/i.test(value))
      .map((value) => Buffer.from(value, 'hex')),
  };
}
