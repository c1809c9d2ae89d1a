import { createHmac } from 'node:crypto';

/**
 * The value of the header `Carrier-Signature`: `t=<seconds>,v1=<hex>`, where `<seconds>` is the Unix time of sending
 * and `<hex>` the HMAC-SHA256 of `<seconds>.<body>` under the shared secret. Whoever receives it computes the same
 * over the bytes of the body as they came, compares in constant time, and refuses a `t` that is minutes old.
 */
export function signCallback({ secret, seconds, body }: { secret: string; seconds: number; body: string }): string {
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}
