import { z } from 'zod';
import { SettingError } from '../../platform/config.ts';
import type { ExternalIssuer } from './external-issuer.ts';

/** Anybody who could read or change this traffic could sign in as anybody. */
const secureUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https:// URL' })
  .refine((url) => url.startsWith('https:') || ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname), {
    error: 'must be an https:// URL, except on this machine',
  });

const ALGORITHMS = new Set('RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' '));

export const oidcSettings = {
  /** Unset: people sign in here. */
  OIDC_ISSUER: secureUrl.optional(),
  OIDC_JWKS_URL: secureUrl.optional(),
  OIDC_AUDIENCE: z.string().min(1).optional(),
  OIDC_ALGORITHMS: z
    .string()
    .default('RS256,ES256,EdDSA')
    .transform((text) => text.split(',').map((name) => name.trim()))
    .refine((names) => names.every((name) => ALGORITHMS.has(name)), {
      error: `must be a comma-separated list of ${[...ALGORITHMS].join(', ')}`,
    }),
  OIDC_ROLE_CLAIM: z.string().min(1).default('role'),
  OIDC_ADMIN_VALUE: z.string().min(1).default('admin'),
  /** Unset: nobody has the role. A name by default would make staff of people by accident. */
  OIDC_SUPPORT_VALUE: z.string().min(1).optional(),
  OIDC_FULFILMENT_VALUE: z.string().min(1).optional(),
  OIDC_VIEWER_VALUE: z.string().min(1).optional(),
};

type OidcSettings = z.infer<z.ZodObject<typeof oidcSettings>>;

/** The configured external issuer; undefined if people sign in here. */
export function externalIssuer(config: OidcSettings & { JWT_ISSUER: string }): ExternalIssuer | undefined {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = config;
  if (issuer === undefined) return undefined;
  if (audience === undefined) throw new SettingError('setting OIDC_AUDIENCE: is required if OIDC_ISSUER is set');
  if (issuer === config.JWT_ISSUER) throw new SettingError('setting OIDC_ISSUER: must differ from JWT_ISSUER');
  return {
    issuer,
    audience,
    keysUrl: config.OIDC_JWKS_URL,
    algorithms: config.OIDC_ALGORITHMS,
    roleClaim: config.OIDC_ROLE_CLAIM,
    adminValue: config.OIDC_ADMIN_VALUE,
    staffValues: {
      support: config.OIDC_SUPPORT_VALUE,
      fulfilment: config.OIDC_FULFILMENT_VALUE,
      viewer: config.OIDC_VIEWER_VALUE,
    },
  };
}
