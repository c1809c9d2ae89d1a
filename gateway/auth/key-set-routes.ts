import { z } from 'zod';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { Tokens } from './tokens.ts';

const KeySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/** What others need to check our tokens for themselves. */
export const wellKnownRoutes = ({ keySet }: Tokens): AnyRoute[] => [
  route({
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'readKeySet',
    summary: 'The keys that access tokens are signed with (RFC 7517)',
    tag: 'documentation',
    access: 'public',
    responses: { 200: { description: 'The public keys', body: KeySet } },
    // Short, so that a key that was changed is seen by everybody within minutes.
    handle: async () => ({ status: 200, body: keySet, headers: { 'Cache-Control': 'public, max-age=300' } }),
  }),
];
