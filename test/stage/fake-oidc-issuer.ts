import { type Server, createServer } from 'node:http';
import {
  type CryptoKey,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
} from 'jose';
import { freePort } from './free-ports.ts';

type Algorithm = 'RS256' | 'ES256' | 'EdDSA';

interface Key {
  kid: string;
  alg: Algorithm;
  privateKey: CryptoKey;
  publicJwk: JWK;
}

/** A small OpenID provider with discovery, a key set and tokens signed by any of its keys. */
export class OidcIssuer {
  readonly keys: Key[] = [];
  /** The number of requests for its key set. */
  keyRequests = 0;
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Uses the same port at every start. */
  async start(): Promise<void> {
    // The port is reserved, so that nothing else gets it while the issuer is stopped.
    this.#port ||= await freePort();
    this.#server = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/.well-known/openid-configuration') {
        response.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` }));
        return;
      }
      this.keyRequests += 1;
      response.end(JSON.stringify({ keys: this.keys.map(({ publicJwk }) => publicJwk) }));
    });
    await new Promise<void>((resolve) => this.#server!.listen(this.#port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  async addKey(alg: Algorithm): Promise<Key> {
    const { privateKey, publicKey } = await generateKeyPair(alg, {
      extractable: true,
      ...(alg === 'EdDSA' && { crv: 'Ed25519' }),
    });
    const jwk = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    const key = { kid, alg, privateKey, publicJwk: { ...jwk, kid, alg, use: 'sig' } };
    this.keys.push(key);
    return key;
  }

  /** A valid access token for `shop` with the given differences; a claim of `undefined` is left out. */
  sign(
    claims: Record<string, unknown> = {},
    { key = this.keys[0]!, header = {} }: { key?: Key; header?: Partial<JWTHeaderParameters> } = {},
  ) {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: this.url, aud: 'shop', sub: 'ada', iat: now, exp: now + 300, ...claims })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
      .sign(key.privateKey);
  }
}
