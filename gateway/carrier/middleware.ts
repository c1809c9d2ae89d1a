import type Koa from 'koa';
import { Problem } from '../../platform/http/problem.ts';
import { isSignedBy } from '../../platform/http/signed-body.ts';

/** Verifies the carrier's signature, the header `Carrier-Signature`. */
export const requireCarrierSignature =
  (secret: string): Koa.Middleware =>
  async (ctx, next) => {
    const { rawBody = '' } = ctx.request as { rawBody?: string };
    if (!isSignedBy(secret, { payload: rawBody, signature: ctx.get('Carrier-Signature') })) {
      throw new Problem(401, 'InvalidSignature', 'Carrier-Signature is missing, wrong or older than five minutes', {
        headers: { 'WWW-Authenticate': 'Carrier-Signature' },
      });
    }
    await next();
  };
