import { SCOPES } from '../../activities/client.ts';
import type { Access, AnyRoute } from '../../platform/http/route.ts';

/** The token endpoint of API clients (RFC 6749 section 3.2). */
export const TOKEN_PATH = '/v1/oauth/token';

export const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'an access token from POST /v1/sessions, or of a guest from POST /v1/guests',
  },
  machine: {
    type: 'oauth2',
    description: `for API clients: an access token from POST ${TOKEN_PATH}`,
    flows: { clientCredentials: { tokenUrl: TOKEN_PATH, scopes: SCOPES } },
  },
  client: { type: 'http', scheme: 'basic', description: 'the id and secret of an API client' },
  carrier: {
    type: 'apiKey',
    in: 'header',
    name: 'Carrier-Signature',
    description: '`t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`',
  },
} as const;

type Requirement = Record<string, string[]>;

const SECURITY: Readonly<Record<Access, Requirement[]>> = {
  public: [],
  user: [{ bearer: [] }],
  staff: [{ bearer: [] }],
  signed: [{ carrier: [] }],
  client: [{ client: [] }],
  // The gateway has no such route.
  service: [],
};

/** The alternatives, of which a request needs one. */
export const securityOf = ({ access, scopes }: AnyRoute): Requirement[] => [
  ...SECURITY[access],
  ...(scopes ? [{ machine: [...scopes] }] : []),
];
