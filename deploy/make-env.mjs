// `node deploy/make-env.mjs > .env` makes up every secret that docker-compose.yml asks for. It prints and writes nothing.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** 256 bits, in characters that neither a URL nor a shell needs quoted. */
const secret = () => randomBytes(32).toString('base64url');

/** Ed25519 (RFC 8037), named by its thumbprint (RFC 7638). */
function signingKey() {
  const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const { crv, kty, x } = key;
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  return `'${JSON.stringify({ ...key, alg: 'EdDSA', use: 'sig', kid })}'`;
}

const example = readFileSync(new URL('env.example', import.meta.url), 'utf8');
// An empty setting is one that is not set.
const [secrets, settings, ...more] = example.split(/^(?=# Settings$)/m);
if (!settings || more.length > 0) throw new Error('env.example has no line "# Settings", or several');
const filled = secrets.replaceAll(/^(\w+)=$/gm, (_line, name) =>
  name === 'JWT_PRIVATE_KEY' ? `${name}=${signingKey()}` : `${name}=${secret()}`,
);
process.stdout.write(filled + settings);
