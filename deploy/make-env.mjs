// `node deploy/make-env.mjs > .env` generates every secret that docker-compose.yml needs. It only prints.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** 256 bits, in characters that need no quoting in URLs and shells. */
const secret = () => randomBytes(32).toString('base64url');

/** An Ed25519 key (RFC 8037) with its thumbprint (RFC 7638) as key id. */
function signingKey() {
  const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const { crv, kty, x } = key;
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  return `'${JSON.stringify({ ...key, alg: 'EdDSA', use: 'sig', kid })}'`;
}

const example = readFileSync(new URL('env.example', import.meta.url), 'utf8');
// Only secrets are generated; an empty setting stays unset.
const [secrets, settings, ...more] = example.split(/^(?=# Settings$)/m);
if (!settings || more.length > 0) throw new Error('env.example must have exactly one line "# Settings"');
const filled = secrets.replaceAll(/^(\w+)=$/gm, (_line, name) =>
  name === 'JWT_PRIVATE_KEY' ? `${name}=${signingKey()}` : `${name}=${secret()}`,
);
process.stdout.write(filled + settings);
