import { z } from 'zod';
import { ClientProof, Scope } from '../../activities/client.ts';
import type { UserRequests } from '../../activities/user.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type AnyRoute, type Reply, route } from '../../platform/http/route.ts';
import { TOKEN_PATH } from '../openapi/security.ts';
import type { Tokens } from './tokens.ts';

// Not strict: unknown parameters are ignored, and repeated ones are refused (RFC 6749 section 3.2).
const Grant = z
  .object({
    grant_type: z.string().max(100).optional().meta({ description: '`client_credentials`' }),
    scope: z
      .string()
      .max(1000)
      .optional()
      .meta({ description: 'some of the client’s scopes, separated by spaces; all of them if absent' }),
  })
  .optional()
  .meta({ id: 'ClientCredentialsGrant', examples: [{ grant_type: 'client_credentials', scope: 'stock:read' }] });
const Granted = z
  .object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int(), scope: z.string() })
  .meta({
    id: 'ClientToken',
    examples: [
      {
        access_token: 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiI2ZDFmMGMxZSJ9.c2lnbmF0dXJl',
        token_type: 'Bearer',
        expires_in: 900,
        scope: 'stock:read',
      },
    ],
  });
const OAuthError = z
  .object({ error: z.string(), error_description: z.string() })
  .meta({ id: 'OAuthError', description: 'RFC 6749 section 5.2' });

/** Access tokens for API clients by RFC 6749 section 4.4, so that any OAuth library can request them. */
export const oauthRoutes = (users: UserRequests, tokens: Tokens): AnyRoute[] => [
  route({
    method: 'post',
    path: TOKEN_PATH,
    operationId: 'grantClientToken',
    summary: 'Sign in as an API client (RFC 6749 section 4.4, client_secret_basic)',
    tag: 'clients',
    access: 'client',
    form: true,
    body: Grant,
    bodyLimit: 4096,
    responses: {
      200: { description: 'An access token; there is no refresh token', body: Granted },
      400: { description: 'invalid_request, unsupported_grant_type or invalid_scope', body: OAuthError },
      401: { description: 'invalid_client', body: OAuthError },
    },
    async handle({ body, header }) {
      const proof = basicCredentials(header('Authorization'));
      const client = proof && (await users.authenticateClient(proof).catch(undefinedIfBadClient));
      if (!client) return invalidClient();
      const { grant_type: grantType, scope } = body ?? {};
      if (grantType === undefined)
        return failed(400, 'invalid_request', 'grant_type is missing; send grant_type=client_credentials');
      if (grantType !== 'client_credentials') {
        return failed(400, 'unsupported_grant_type', 'only the grant type client_credentials is supported');
      }
      const scopes = scope === undefined ? client.scopes : [...new Set(scope.split(' '))];
      if (!scopes.every((one) => client.scopes.includes(one as Scope))) {
        return failed(400, 'invalid_scope', 'the client does not have all of these scopes');
      }
      const { accessToken, expiresIn } = await tokens.issue({ id: client.id, role: 'admin', scopes });
      return {
        status: 200,
        body: { access_token: accessToken, token_type: 'Bearer', expires_in: expiresIn, scope: scopes.join(' ') },
      };
    },
  }),
];

/** RFC 6749 section 2.3.1: id and secret are form-encoded before they are joined. */
function basicCredentials(authorization: string): ClientProof | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const [, clientId, secret] = /^([^:]+):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  return ClientProof.safeParse({ clientId: formDecoded(clientId), secret: formDecoded(secret) }).data;
}

function formDecoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function undefinedIfBadClient(error: unknown): undefined {
  if (!(error instanceof Refusal) || error.code !== 'BadClient') throw error;
  return undefined;
}

const failed = (status: 400 | 401, error: string, description: string): Reply => ({
  status,
  body: { error, error_description: description },
});

const invalidClient = (): Reply => ({
  ...failed(401, 'invalid_client', 'client id or secret is missing or wrong'),
  headers: { 'WWW-Authenticate': 'Basic realm="order-platform", charset="UTF-8"' },
});
