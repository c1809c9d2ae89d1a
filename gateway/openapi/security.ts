import { SCOPES } from '../../activities/client.ts';
import type { Access, AnyRoute } from '../../platform/http/route.ts';

/** Where a machine fetches its tokens (RFC 6749 section 3.2). */
export const TOKEN_PATH = '/v1/oauth/token';

export const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'from POST /v1/sessions' },
  machine: {
    type: 'oauth2',
    description: `for machines: from POST ${TOKEN_PATH}`,
    flows: { clientCredentials: { tokenUrl: TOKEN_PATH, scopes: SCOPES } },
  },
  client: { type: 'http', scheme: 'basic', description: 'a machine’s client id and secret' },
  carrier: { type: 'apiKey', in: 'header', name: 'Carrier-Signature', description: 'HMAC of the body, see there' },
} as const;

type Requirement = Record<string, string[]>;

const SECURITY: Readonly<Record<Access, Requirement[]>> = {
  public: [],
  user: [{ bearer: [] }],
  admin: [{ bearer: [] }],
  signed: [{ carrier: [] }],
  client: [{ client: [] }],
  // No route of the gateway's.
  service: [],
};

/** Any one of these opens the route. */
export const securityOf = ({ access, scopes }: AnyRoute): Requirement[] => [
  ...SECURITY[access],
  ...(scopes ? [{ machine: [...scopes] }] : []),
];
