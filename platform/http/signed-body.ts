import { createHmac, timingSafeEqual } from 'node:crypto';

// Allows for a queue at the sender and for differing clocks. An older message is a replay; a real one is signed anew.
const TOLERANCE_SECONDS = 300;

/** A body as it came, and the header with its signature. */
export interface SignedBody {
  payload: string;
  signature: string;
}

/**
 * The signature of a body: `t=<unix seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of `<t>.<body>` under the shared secret
 * (the scheme of https://docs.stripe.com/webhooks#verify-manually).
 */
export const signatureOf = (secret: string, payload: string, seconds: number = Math.floor(Date.now() / 1000)): string =>
  `t=${seconds},v1=${digestOf(secret, `${seconds}`, payload).toString('hex')}`;

/** Whether the signature is right, and at most five minutes old. There may be several v1 while the secret is being changed. */
export function isSignedBy(secret: string, { payload, signature }: SignedBody): boolean {
  const { time, digests } = parse(signature);
  const expected = digestOf(secret, time, payload);
  const fresh = Math.abs(Date.now() / 1000 - Number(time)) <= TOLERANCE_SECONDS;
  return fresh && digests.some((digest) => timingSafeEqual(digest, expected));
}

const digestOf = (secret: string, time: string, payload: string): Buffer =>
  createHmac('sha256', secret).update(`${time}.${payload}`).digest();

function parse(header: string): { time: string; digests: Buffer[] } {
  const pairs = header.split(',').map((pair) => pair.trim().split('='));
  const valuesOf = (wanted: string) => pairs.filter(([name]) => name === wanted).map(([, value]) => value ?? '');
  return {
    time: valuesOf('t').find((value) => /^\d{1,12}$/.test(value)) ?? '',
    digests: valuesOf('v1')
      .filter((value) => /^[0-9a-f]{64}$/i.test(value))
      .map((value) => Buffer.from(value, 'hex')),
  };
}
