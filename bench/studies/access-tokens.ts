import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { SigningKey, createTokens } from '../../gateway/auth/tokens.ts';

export interface AccessTokens {
  /** For the gateway's JWT_PRIVATE_KEY. */
  privateKey: string;
  /** An access token of another admin each time. */
  issue(): Promise<string>;
}

/** Issues access tokens that a gateway with this key accepts. */
export async function createAccessTokens(): Promise<AccessTokens> {
  const pair = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const key = SigningKey.parse({ ...pair, kid: 'bench' });
  const names = { issuer: 'order-platform', audience: 'order-platform' };
  const tokens = await createTokens({ key, ...names, lifetimeSeconds: 3_600 });
  return {
    privateKey: JSON.stringify(key),
    issue: async () => (await tokens.issue({ id: randomUUID(), role: 'admin' })).accessToken,
  };
}
