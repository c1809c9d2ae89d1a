import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { type JWTHeaderParameters, CompactEncrypt, SignJWT, importJWK } from 'jose';
import { type Harness, newKey } from '../../stage/test-gateway.ts';

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
// The order of Ed25519's group, little-endian: what a lenient verifier would let be added to a signature.
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

/** Tokens that must open nothing, each with what is wrong with it. All are an admin's but for that. */
export async function badTokens({ admin, signingKey, tokens }: Harness): Promise<Record<string, string>> {
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
  /** Signed by our own key, whatever the header and the payload are. */
  const raw = (head: unknown, payload: unknown): string => {
    const input = `${encode(head)}.${encode(payload)}`;
    return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
  };
  const claiming = (difference: object) => raw(header, { ...claims, ...difference });
  const headed = (difference: object) => raw({ ...header, ...difference }, claims);
  const without = (name: keyof typeof claims) => raw(header, { ...claims, [name]: undefined });
  const stranger = newKey(signingKey.kid);
  const by = async (key: typeof stranger, difference: Partial<JWTHeaderParameters> = {}) =>
    new SignJWT(claims).setProtectedHeader({ ...header, ...difference }).sign(await importJWK(key, 'EdDSA'));
  const { d: _private, ...strangersPublic } = stranger;
  const good = raw(header, claims);
  const [head, payload, signature] = good.split('.') as [string, string, string];
  const mac = (alg: string, key: string | Buffer, hash = 'sha256') => {
    const input = `${encode({ ...header, alg })}.${payload}`;
    return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`;
  };
  const publicBytes = Buffer.from(signingKey.x, 'base64url');
  const publicJwk = JSON.stringify(tokens.keySet.keys[0]);
  const pem = publicPem(signingKey);
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const otherwise = (alg: string, made: (input: Buffer) => Buffer) => {
    const input = `${encode({ ...header, alg })}.${payload}`;
    return `${input}.${made(Buffer.from(input)).toString('base64url')}`;
  };
  const bits = Buffer.from(signature, 'base64url');
  const flipped = (at: number) =>
    Buffer.from(bits.map((byte, index) => (index === at ? byte ^ 1 : byte))).toString('base64url');
  const jwe = await new CompactEncrypt(Buffer.from(good))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'JWT' })
    .encrypt(new Uint8Array(32));

  return {
    // No signature, or one that anybody can make.
    'alg none': `${encode({ ...header, alg: 'none' })}.${payload}.`,
    'alg none, signed': `${encode({ ...header, alg: 'none' })}.${payload}.${signature}`,
    'alg NONE': `${encode({ ...header, alg: 'NONE' })}.${payload}.`,
    'alg nOnE': `${encode({ ...header, alg: 'nOnE' })}.${payload}.`,
    'no alg': headed({ alg: undefined }),
    'alg null': headed({ alg: null }),
    'alg empty': headed({ alg: '' }),
    'alg in lower case': headed({ alg: 'eddsa' }),
    'alg a list': headed({ alg: ['EdDSA'] }),
    'alg Ed25519, which is not how we call it': headed({ alg: 'Ed25519' }),
    'HS256 by the public key': mac('HS256', publicBytes),
    'HS256 by the public key as text': mac('HS256', signingKey.x),
    'HS256 by the public JWK': mac('HS256', publicJwk),
    'HS256 by the public PEM': mac('HS256', pem),
    'HS512 by the public key': mac('HS512', publicBytes, 'sha512'),
    'HS256 by nothing': mac('HS256', ''),
    'HS256 by the name of the key': mac('HS256', signingKey.kid),
    'ES256 by a key of its own': otherwise('ES256', (input) =>
      sign('sha256', input, { key: ec, dsaEncoding: 'ieee-p1363' }),
    ),
    'ES256 of zeros': otherwise('ES256', () => Buffer.alloc(64)),
    'RS256 by a key of its own': otherwise('RS256', (input) => sign('sha256', input, rsa)),
    'PS256 by a key of its own': otherwise('PS256', (input) => sign('sha256', input, { key: rsa, padding: 6 })),
    'EdDSA by an elliptic curve of another kind': otherwise('EdDSA', (input) => sign('sha256', input, ec)),
    'Ed448, another curve': otherwise('EdDSA', (input) => sign(null, input, generateKeyPairSync('ed448').privateKey)),
    'a signature of zeros': `${head}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    'a signature whose first bit is another': `${head}.${payload}.${flipped(0)}`,
    'a signature whose last bit is another': `${head}.${payload}.${flipped(63)}`,
    'a signature with the order of the group added': `${head}.${payload}.${malleable(bits).toString('base64url')}`,
    'a signature that is too short': `${head}.${payload}.${bits.subarray(0, 63).toString('base64url')}`,
    'a signature that is too long': `${head}.${payload}.${Buffer.concat([bits, Buffer.alloc(1)]).toString('base64url')}`,
    'no signature': `${head}.${payload}.`,
    // Keys that it brings along, or points at.
    'another key under the name of ours': await by(stranger),
    'a key of its own in the header': await by(stranger, { jwk: strangersPublic }),
    'a key of its own to be fetched': await by(stranger, { jku: 'http://127.0.0.1:1/keys' }),
    'a certificate to be fetched': await by(stranger, { x5u: 'http://127.0.0.1:1/cert' }),
    'a certificate of its own': await by(stranger, { x5c: ['MIIB'] }),
    'no name of a key': headed({ kid: undefined }),
    'an unknown name of a key': headed({ kid: 'key-2' }),
    'a name of a key that is a path': headed({ kid: '../../../../dev/null' }),
    'a name of a key that is SQL': headed({ kid: "key-1' OR '1'='1" }),
    'a name of a key that is a prototype': headed({ kid: '__proto__' }),
    'a name of a key that is a number': headed({ kid: 1 }),
    'a name of a key that is a list': headed({ kid: ['key-1'] }),
    'a name of a key in capitals': headed({ kid: 'KEY-1' }),
    'a name of a key with a space after it': headed({ kid: 'key-1 ' }),
    // What it says it is.
    'type JWT, as an ID token has': headed({ typ: 'JWT' }),
    'no type': headed({ typ: undefined }),
    'the type of a refresh token': headed({ typ: 'rt+jwt' }),
    'the type of a logout token': headed({ typ: 'logout+jwt' }),
    'a critical extension that nobody knows': headed({ crit: ['exp'], exp: now }),
    'a critical extension that is not there': headed({ crit: ['unheard'] }),
    'an empty list of critical extensions': headed({ crit: [] }),
    'a payload that is not encoded': headed({ crit: ['b64'], b64: false }),
    'a header that is no object': raw('"EdDSA"', claims),
    'a header that is not JSON': raw('{alg:EdDSA}', claims),
    'a header of a list': raw([header], claims),
    // Whom it is of and for.
    'another audience': claiming({ aud: 'somebody-else' }),
    'an audience that begins like ours': claiming({ aud: 'order-platform-2' }),
    'an empty list of audiences': claiming({ aud: [] }),
    'no audience': without('aud'),
    'another issuer': claiming({ iss: 'https://order-platform' }),
    'the issuer in a list': claiming({ iss: ['order-platform'] }),
    'no issuer': without('iss'),
    'no subject': without('sub'),
    'a subject that is no id': claiming({ sub: 'admin' }),
    'a subject that is a list': claiming({ sub: [admin.id] }),
    'a role that is none': claiming({ role: 'root' }),
    'a role in capitals': claiming({ role: 'ADMIN' }),
    'roles in a list': claiming({ role: ['admin'] }),
    'no role and no scope': without('role'),
    'a session that is no id': claiming({ sid: 'current' }),
    // When it holds.
    'ended six seconds ago': claiming({ exp: now - 6 }),
    'ended in 1970': claiming({ exp: 0 }),
    'ends before time began': claiming({ exp: -1 }),
    'ends never': without('exp'),
    'ends at a text': claiming({ exp: String(now + 300) }),
    'ends at infinity': raw(header, JSON.stringify(claims).replace(`"exp":${now + 300}`, '"exp":1e999')),
    // Later than the last of some thousand requests is answered.
    'begins in an hour': claiming({ nbf: now + 3_600 }),
    'begins at a text': claiming({ nbf: 'now' }),
    'begins at no time': without('nbf'),
    'made at no time': without('iat'),
    'made at a text': claiming({ iat: 'now' }),
    'without a name of its own': without('jti'),
    // How it is written.
    'another payload': `${head}.${encode({ ...claims, role: 'admin', jti: 'x' })}.${signature}`,
    'a payload that is no object': raw(header, '"admin"'),
    'a payload that is null': raw(header, 'null'),
    'a payload that is a list': raw(header, [claims]),
    'a payload that is not JSON': raw(header, '{sub:1}'),
    'an empty payload': `${head}..${signature}`,
    'an empty header': `.${payload}.${signature}`,
    'two parts': `${head}.${payload}`,
    'four parts': `${good}.${signature}`,
    'five parts, encrypted': jwe,
    'a token inside a token': raw({ ...header, cty: 'JWT' }, good),
    'base64 that is not for URLs': `${head}.${payload}.${bits.toString('base64')}`,
    'a signature with padding': `${good}==`,
    'a signature with bits that mean nothing': `${good.slice(0, -1)}${odd(good.at(-1)!)}`,
    'a space in the middle': `${head}. ${payload}.${signature}`,
    'dots only': '..',
    nonsense: 'nonsense',
    'a refresh token': `rt_${'A'.repeat(43)}`,
    'a client’s secret': `cs_${'A'.repeat(43)}`,
    'a very long one': `${head}.${payload}${'A'.repeat(8000)}.${signature}`,
    undefined: 'undefined',
    null: 'null',
    'a JSON web signature in JSON': JSON.stringify({ protected: head, payload, signature }),
  };
}

/** The next of the sixteen characters that stand for the same two bits at the end of 64 bytes. */
function odd(last: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(last) + 1]!;
}

function generatePrivate({ kty, crv, x, d }: Harness['signingKey']) {
  return { key: { kty, crv, x, d }, format: 'jwk' as const };
}

function publicPem({ x }: Harness['signingKey']): string {
  // RFC 8410 section 4: the algorithm's name before the 32 bytes.
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(x, 'base64url')]);
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}

/** RFC 8032 section 8.4: the same signature with another number in its second half, which must not be taken. */
function malleable(signature: Buffer): Buffer {
  const [point, scalar] = [signature.subarray(0, 32), Buffer.from(signature.subarray(32).toReversed())];
  const sum = (BigInt(`0x${scalar.toString('hex')}`) + ORDER).toString(16).padStart(64, '0');
  return Buffer.concat([point, Buffer.from(sum, 'hex').toReversed()]);
}
