import { z } from 'zod';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { Tokens } from './tokens.ts';

const KeySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/** The public keys, for others to verify our tokens. */
export const keySetRoutes = ({ keySet }: Tokens): AnyRoute[] => [
  route({
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'readKeySet',
    summary: 'Read the public keys of access tokens (RFC 7517)',
    tag: 'documentation',
    access: 'public',
    responses: { 200: { description: 'The public keys', body: KeySet } },
    // Short, so that everybody sees a new key within minutes.
    handle: async () => ({ status: 200, body: keySet, headers: { 'Cache-Control': 'public, max-age=300' } }),
  }),
];
