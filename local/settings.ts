import { z } from 'zod';
import { Lane } from '../activities/lane.ts';
import { Email, Password } from '../activities/user.ts';
import { SettingError, port, postgresUrl, readConfig, requestsPerMinute } from '../platform/config.ts';
import { type TemporalPlace, namesTemporal, readTemporalPlace } from '../platform/temporal/place.ts';

const LEVELS = ['error', 'warn', 'info', 'http', 'verbose', 'debug', 'silly'] as const;

/** Every setting of `npm start`. */
export const startSettings = {
  PORT: port(3000),
  METRICS_PORT: port(9464),
  /** Of the Temporal server that is started. */
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  /** Unset: `npm start` runs its own PostgreSQL. */
  DATABASE_URL: postgresUrl.optional(),
  POSTGRES_PORT: port(0),
  PROCESSOR_PORT: port(4010),
  CARRIER_PORT: port(4020),
  DATA_DIR: z.string().default('.data'),
  /** For the workflow bundle and a downloaded Temporal server: everything in it can be recreated. */
  CACHE_DIR: z.string().default('.cache'),
  /** Unset: CACHE_DIR. */
  TEMPORAL_CACHE_DIR: z.string().optional(),
  ADMIN_EMAIL: Email.default('admin@example.com'),
  /** Unset: generated at the first start. */
  ADMIN_PASSWORD: Password.optional(),
  CARRIER_PACE_SECONDS: z.coerce
    .number({ error: 'must be a number of seconds, 0 or more' })
    .min(0, { error: 'must be a number of seconds, 0 or more' })
    .max(86_400, { error: 'must be at most 86400 seconds (one day)' })
    .default(0),
  RATE_LIMIT_PER_MINUTE: requestsPerMinute.default(100),
  ORDER_LANE: Lane.default('local-first'),
  LOG_LEVEL: z.enum(LEVELS, { error: `must be one of ${LEVELS.join(', ')}` }).default('info'),
};

export interface StartSettings extends Readonly<z.infer<z.ZodObject<typeof startSettings>>> {
  /** A Temporal server that already runs. Undefined: `npm start` runs its own. */
  existingTemporal: TemporalPlace | undefined;
}

export interface Arguments {
  /** Delete everything in DATA_DIR first. */
  reset: boolean;
  /** Run each service in its own process instead of all in one. */
  separate: boolean;
}

/** An argument of the command line is invalid. */
export class UsageError extends SettingError {}

const USAGE = 'usage: npm start -- [--reset] [--separate] [--help]';

/** Parses the arguments of `npm start`; fails with the usage text for an unknown one. */
export function readArguments(given: readonly string[]): Arguments {
  const unknown = given.find((argument) => argument !== '--reset' && argument !== '--separate');
  if (unknown !== undefined) throw new UsageError(`unknown argument ${unknown}; ${USAGE}`);
  return { reset: given.includes('--reset'), separate: given.includes('--separate') };
}

/** Reads and checks every setting of `npm start` before anything is started. */
export const readStartSettings = (environment: NodeJS.ProcessEnv): StartSettings => ({
  ...readConfig(startSettings, environment),
  existingTemporal: namesTemporal(environment) ? readTemporalPlace(environment) : undefined,
});
