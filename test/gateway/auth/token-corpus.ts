import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { type JWTHeaderParameters, CompactEncrypt, SignJWT, importJWK } from 'jose';
import { type Harness, newKey } from '../../stage/test-gateway.ts';
import { type ValidToken, encode, validToken } from './valid-token.ts';

// The order of Ed25519's group, which a lenient verifier would accept added to a signature.
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

type Tokens = Record<string, string>;

/** Invalid tokens by their fault. Apart from it, each is a valid token of an admin. */
export async function badTokens(harness: Harness): Promise<Tokens> {
  const valid = validToken(harness);
  return {
    ...algorithmFaults(valid, harness),
    ...otherKeyFaults(valid),
    ...signatureFaults(valid),
    ...(await keyFaults(valid, harness)),
    ...headerFaults(valid),
    ...claimFaults(valid, harness),
    ...validityFaults(valid),
    ...(await encodingFaults(valid)),
  };
}

/** No algorithm, or an HMAC with a key that anybody has. */
function algorithmFaults({ header, headed, payload, signature }: ValidToken, { signingKey, tokens }: Harness): Tokens {
  const mac = (alg: string, key: string | Buffer, hash = 'sha256') => {
    const input = `${encode({ ...header, alg })}.${payload}`;
    return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`;
  };
  const publicBytes = Buffer.from(signingKey.x, 'base64url');
  const publicJwk = JSON.stringify(tokens.keySet.keys[0]);
  const pem = publicPem(signingKey);
  return {
    'alg none': `${encode({ ...header, alg: 'none' })}.${payload}.`,
    'alg none, signed': `${encode({ ...header, alg: 'none' })}.${payload}.${signature}`,
    'alg NONE': `${encode({ ...header, alg: 'NONE' })}.${payload}.`,
    'alg nOnE': `${encode({ ...header, alg: 'nOnE' })}.${payload}.`,
    'no alg': headed({ alg: undefined }),
    'alg null': headed({ alg: null }),
    'alg empty': headed({ alg: '' }),
    'alg in lower case': headed({ alg: 'eddsa' }),
    'alg a list': headed({ alg: ['EdDSA'] }),
    'alg Ed25519 instead of EdDSA': headed({ alg: 'Ed25519' }),
    'HS256 by the public key': mac('HS256', publicBytes),
    'HS256 by the public key as text': mac('HS256', signingKey.x),
    'HS256 by the public JWK': mac('HS256', publicJwk),
    'HS256 by the public PEM': mac('HS256', pem),
    'HS512 by the public key': mac('HS512', publicBytes, 'sha512'),
    'HS256 by an empty key': mac('HS256', ''),
    'HS256 by the key id': mac('HS256', signingKey.kid),
  };
}

/** Another algorithm, or a key of another curve. */
function otherKeyFaults({ header, payload }: ValidToken): Tokens {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const otherwise = (alg: string, made: (input: Buffer) => Buffer) => {
    const input = `${encode({ ...header, alg })}.${payload}`;
    return `${input}.${made(Buffer.from(input)).toString('base64url')}`;
  };
  return {
    'ES256 by a key of its own': otherwise('ES256', (input) =>
      sign('sha256', input, { key: ec, dsaEncoding: 'ieee-p1363' }),
    ),
    'ES256 of zeros': otherwise('ES256', () => Buffer.alloc(64)),
    'RS256 by a key of its own': otherwise('RS256', (input) => sign('sha256', input, rsa)),
    'PS256 by a key of its own': otherwise('PS256', (input) => sign('sha256', input, { key: rsa, padding: 6 })),
    'EdDSA by a key of another curve': otherwise('EdDSA', (input) => sign('sha256', input, ec)),
    'Ed448, another curve': otherwise('EdDSA', (input) => sign(null, input, generateKeyPairSync('ed448').privateKey)),
  };
}

/** No signature, or a changed one. */
function signatureFaults({ head, payload, bits }: ValidToken): Tokens {
  const flipped = (at: number) =>
    Buffer.from(bits.map((byte, index) => (index === at ? byte ^ 1 : byte))).toString('base64url');
  return {
    'a signature of zeros': `${head}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    'a signature with a flipped first bit': `${head}.${payload}.${flipped(0)}`,
    'a signature with a flipped last bit': `${head}.${payload}.${flipped(63)}`,
    'a signature with the order of the group added': `${head}.${payload}.${malleable(bits).toString('base64url')}`,
    'a signature too short': `${head}.${payload}.${bits.subarray(0, 63).toString('base64url')}`,
    'a signature too long': `${head}.${payload}.${Buffer.concat([bits, Buffer.alloc(1)]).toString('base64url')}`,
    'no signature': `${head}.${payload}.`,
  };
}

/** Keys in the header, or references to keys. */
async function keyFaults({ claims, header, headed }: ValidToken, { signingKey }: Harness): Promise<Tokens> {
  const stranger = newKey(signingKey.kid);
  const { d: _private, ...strangersPublic } = stranger;
  const by = async (key: typeof stranger, difference: Partial<JWTHeaderParameters> = {}) =>
    new SignJWT(claims).setProtectedHeader({ ...header, ...difference }).sign(await importJWK(key, 'EdDSA'));
  return {
    'another key with our key id': await by(stranger),
    'a key in the header': await by(stranger, { jwk: strangersPublic }),
    'a key URL in the header': await by(stranger, { jku: 'http://127.0.0.1:1/keys' }),
    'a certificate URL in the header': await by(stranger, { x5u: 'http://127.0.0.1:1/cert' }),
    'a certificate in the header': await by(stranger, { x5c: ['MIIB'] }),
    'no key id': headed({ kid: undefined }),
    'an unknown key id': headed({ kid: 'key-2' }),
    'a key id that is a path': headed({ kid: '../../../../dev/null' }),
    'a key id that is SQL': headed({ kid: "key-1' OR '1'='1" }),
    'a key id that is a prototype': headed({ kid: '__proto__' }),
    'a key id that is a number': headed({ kid: 1 }),
    'a key id that is a list': headed({ kid: ['key-1'] }),
    'a key id in capitals': headed({ kid: 'KEY-1' }),
    'a key id with a trailing space': headed({ kid: 'key-1 ' }),
  };
}

/** Invalid type or header fields. */
function headerFaults({ now, claims, header, raw, headed }: ValidToken): Tokens {
  return {
    'type JWT, the type of an ID token': headed({ typ: 'JWT' }),
    'no type': headed({ typ: undefined }),
    'the type of a refresh token': headed({ typ: 'rt+jwt' }),
    'the type of a logout token': headed({ typ: 'logout+jwt' }),
    'an unsupported critical extension': headed({ crit: ['exp'], exp: now }),
    'a missing critical extension': headed({ crit: ['unheard'] }),
    'an empty list of critical extensions': headed({ crit: [] }),
    'a payload that is not encoded': headed({ crit: ['b64'], b64: false }),
    'a header that is not an object': raw('"EdDSA"', claims),
    'a header that is not JSON': raw('{alg:EdDSA}', claims),
    'a header that is a list': raw([header], claims),
  };
}

/** Invalid issuer, audience, subject or role. */
function claimFaults({ claiming, without }: ValidToken, { admin }: Harness): Tokens {
  return {
    'another audience': claiming({ aud: 'somebody-else' }),
    'an audience that begins like ours': claiming({ aud: 'order-platform-2' }),
    'an empty list of audiences': claiming({ aud: [] }),
    'no audience': without('aud'),
    'another issuer': claiming({ iss: 'https://order-platform' }),
    'the issuer in a list': claiming({ iss: ['order-platform'] }),
    'no issuer': without('iss'),
    'no subject': without('sub'),
    'a subject that is not an id': claiming({ sub: 'admin' }),
    'a subject that is a list': claiming({ sub: [admin.id] }),
    'an unknown role': claiming({ role: 'root' }),
    'a role in capitals': claiming({ role: 'ADMIN' }),
    'roles in a list': claiming({ role: ['admin'] }),
    'no role and no scope': without('role'),
    'a session that is not an id': claiming({ sid: 'current' }),
  };
}

/** Outside of the validity period, or without one. */
function validityFaults({ now, claims, header, raw, claiming, without }: ValidToken): Tokens {
  return {
    'expired six seconds ago': claiming({ exp: now - 6 }),
    'expired in 1970': claiming({ exp: 0 }),
    'a negative expiry': claiming({ exp: -1 }),
    'no expiry': without('exp'),
    'an expiry that is a string': claiming({ exp: String(now + 300) }),
    'an infinite expiry': raw(header, JSON.stringify(claims).replace(`"exp":${now + 300}`, '"exp":1e999')),
    // An hour, because the test sends some thousand requests.
    'not valid for another hour': claiming({ nbf: now + 3_600 }),
    'a start that is a string': claiming({ nbf: 'now' }),
    'no start': without('nbf'),
    'no issue time': without('iat'),
    'an issue time that is a string': claiming({ iat: 'now' }),
    'no token id': without('jti'),
  };
}

/** Not encoded as a signed token. */
async function encodingFaults({
  claims,
  header,
  raw,
  good,
  head,
  payload,
  signature,
  bits,
}: ValidToken): Promise<Tokens> {
  const jwe = await new CompactEncrypt(Buffer.from(good))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'JWT' })
    .encrypt(new Uint8Array(32));
  return {
    'another payload': `${head}.${encode({ ...claims, role: 'admin', jti: 'x' })}.${signature}`,
    'a payload that is not an object': raw(header, '"admin"'),
    'a payload that is null': raw(header, 'null'),
    'a payload that is a list': raw(header, [claims]),
    'a payload that is not JSON': raw(header, '{sub:1}'),
    'an empty payload': `${head}..${signature}`,
    'an empty header': `.${payload}.${signature}`,
    'two parts': `${head}.${payload}`,
    'four parts': `${good}.${signature}`,
    'five parts, encrypted': jwe,
    'a token inside a token': raw({ ...header, cty: 'JWT' }, good),
    'base64 instead of base64url': `${head}.${payload}.${bits.toString('base64')}`,
    'a signature with padding': `${good}==`,
    'a signature with unused bits set': `${good.slice(0, -1)}${odd(good.at(-1)!)}`,
    'a space in the middle': `${head}. ${payload}.${signature}`,
    'dots only': '..',
    nonsense: 'nonsense',
    'a refresh token': `rt_${'A'.repeat(43)}`,
    'a client’s secret': `cs_${'A'.repeat(43)}`,
    'a very long token': `${head}.${payload}${'A'.repeat(8000)}.${signature}`,
    undefined: 'undefined',
    null: 'null',
    'a JSON web signature in JSON': JSON.stringify({ protected: head, payload, signature }),
  };
}

/** Another of the sixteen characters that encode the same last two bits of 64 bytes. */
function odd(last: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(last) + 1]!;
}

function publicPem({ x }: Harness['signingKey']): string {
  // RFC 8410 section 4: the algorithm identifier before the 32 bytes.
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(x, 'base64url')]);
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}

/** RFC 8032 section 8.4: an equivalent scalar in the second half, which a verifier must reject. */
function malleable(signature: Buffer): Buffer {
  const [point, scalar] = [signature.subarray(0, 32), Buffer.from(signature.subarray(32).toReversed())];
  const sum = (BigInt(`0x${scalar.toString('hex')}`) + ORDER).toString(16).padStart(64, '0');
  return Buffer.concat([point, Buffer.from(sum, 'hex').toReversed()]);
}
