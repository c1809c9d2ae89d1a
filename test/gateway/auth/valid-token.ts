import { randomUUID, sign } from 'node:crypto';
import type { Harness } from '../../stage/test-gateway.ts';

export type ValidToken = ReturnType<typeof validToken>;

/** The parts of a valid token, and functions that change one of them and sign the result. */
export function validToken({ admin, signingKey }: Harness) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub: admin.id,
    role: 'admin',
    iss: 'order-platform',
    aud: 'order-platform',
    iat: now,
    nbf: now,
    exp: now + 300,
    jti: randomUUID(),
  };
  const header = { alg: 'EdDSA', typ: 'at+jwt', kid: signingKey.kid };
  const privateKey = generatePrivate(signingKey);
  /** Signs any header and payload with our own key. */
  const raw = (head: unknown, payload: unknown): string => {
    const input = `${encode(head)}.${encode(payload)}`;
    return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
  };
  const claiming = (difference: object) => raw(header, { ...claims, ...difference });
  const headed = (difference: object) => raw({ ...header, ...difference }, claims);
  const without = (name: keyof typeof claims) => raw(header, { ...claims, [name]: undefined });
  const good = raw(header, claims);
  const [head, payload, signature] = good.split('.') as [string, string, string];
  const bits = Buffer.from(signature, 'base64url');
  return { now, claims, header, raw, claiming, headed, without, good, head, payload, signature, bits };
}

/** Encodes one part of a token; text stays as it is. */
export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function generatePrivate({ kty, crv, x, d }: Harness['signingKey']) {
  return { key: { kty, crv, x, d }, format: 'jwk' as const };
}
