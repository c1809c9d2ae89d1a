import { createHmac } from 'node:crypto';

/**
 * The value of the header `Carrier-Signature`: `t=<seconds>,v1=<hex>`, where `<seconds>` is the Unix time of sending
 * and `<hex>` the HMAC-SHA256 of `<seconds>.<body>` with the shared secret. The receiver computes the same over the
 * received bytes of the body, compares in constant time, and refuses a `t` that is minutes old.
 */
export function signCallback({ secret, seconds, body }: { secret: string; seconds: number; body: string }): string {
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}
