import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from '@temporalio/client';
import {
  type ClientConfigProfile,
  type ClientConfigTLS,
  loadClientConfigProfile,
  loadConfigData,
  toClientOptions,
} from '@temporalio/envconfig';
import { z } from 'zod';
import { SettingError, readConfig } from '../config.ts';

const address = z.string().regex(/^[^\s/]+:\d+$/, 'must be host:port');

/** Settings of every process that connects to Temporal: those of Temporal's command line, by the same names. */
export const temporalSettings = {
  TEMPORAL_ADDRESS: address.optional(),
  TEMPORAL_NAMESPACE: z.string().optional(),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS: z.enum(['true', 'false', '1', '0'], { error: 'must be true or false' }).optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_DATA: z.string().optional(),
  /** The SDK always verifies. Ignoring the setting would leave a reader of the deployment in the wrong belief. */
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: z
    .enum(['false', '0'], { error: 'is not supported: set TEMPORAL_TLS_SERVER_NAME to a name in the certificate' })
    .optional(),
  TEMPORAL_CONFIG_FILE: z.string().optional(),
  TEMPORAL_PROFILE: z.string().optional(),
};

const METADATA_PREFIX = 'TEMPORAL_GRPC_META_';

/** Whether a variable says where or how to connect to Temporal. */
export const isTemporalSetting = (name: string): boolean =>
  name in temporalSettings || name.startsWith(METADATA_PREFIX);

/** Where Temporal is, and how to connect. Without `tls` the connection is not encrypted. */
export interface TemporalPlace {
  /** host:port */
  address: string;
  namespace: string;
  tls?: NonNullable<ConnectionOptions['tls']>;
  /** Sent as `authorization: Bearer …`. */
  apiKey?: string;
  /** Further gRPC headers. */
  metadata?: Record<string, string>;
}

/** The options with which a client, and a worker, connects. */
export const connectionOptions = ({
  namespace: _namespace,
  ...options
}: TemporalPlace): Omit<TemporalPlace, 'namespace'> => options;

const FILE_SETTINGS = ['TEMPORAL_CONFIG_FILE', 'TEMPORAL_PROFILE'] as const;

/** Whether the environment names a Temporal server, itself or in a file. */
export const namesTemporal = (environment: NodeJS.ProcessEnv): boolean =>
  ['TEMPORAL_ADDRESS', ...FILE_SETTINGS].some((name) => environment[name]);

/**
 * Reads the settings as Temporal's command line does, except that a `temporal.toml` is read only if TEMPORAL_CONFIG_FILE
 * or TEMPORAL_PROFILE asks for it: a server must not use the cluster of the person who is signed in on its machine.
 * @throws {SettingError} a setting, the file, a certificate or a key is invalid, or the two do not belong together
 */
export function readTemporalPlace(environment: NodeJS.ProcessEnv): TemporalPlace {
  readConfig(temporalSettings, environment);
  const profile = loadProfile(environment);
  const place = readConfig(
    { TEMPORAL_ADDRESS: address.default('127.0.0.1:7233'), TEMPORAL_NAMESPACE: z.string().default('default') },
    { TEMPORAL_ADDRESS: profile.address, TEMPORAL_NAMESPACE: profile.namespace },
  );
  checkCertificates(profile.tls);
  const { tls, apiKey, metadata } = toClientOptions(profile).connectionOptions;
  return {
    address: place.TEMPORAL_ADDRESS,
    namespace: place.TEMPORAL_NAMESPACE,
    ...(tls && { tls }),
    ...(apiKey !== undefined && { apiKey }),
    ...(metadata && { metadata: metadata as Record<string, string> }),
  };
}

function loadProfile(environment: NodeJS.ProcessEnv): ClientConfigProfile {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value)) as Record<string, string>;
  try {
    return loadClientConfigProfile({
      overrideEnvVars: given,
      disableFile: !FILE_SETTINGS.some((name) => given[name]),
      // The library takes a missing file for an empty one.
      ...(given.TEMPORAL_CONFIG_FILE && { configSource: { data: readFileSync(given.TEMPORAL_CONFIG_FILE, 'utf8') } }),
    });
  } catch (cause) {
    const setting = given.TEMPORAL_CONFIG_FILE
      ? 'TEMPORAL_CONFIG_FILE'
      : given.TEMPORAL_PROFILE
        ? 'TEMPORAL_PROFILE'
        : 'TEMPORAL_TLS';
    const message = cause instanceof TypeError ? 'the file has no table [profile.default]' : firstLine(cause);
    throw new SettingError(`setting ${setting}: ${message}`, { cause });
  }
}

/** The SDK takes a certificate without a key for none, and reports the rest as a server that does not respond. */
function checkCertificates({ serverCACert, clientCert, clientKey }: ClientConfigTLS = {}): void {
  if (!clientCert !== !clientKey) {
    const [has, lacks] = clientCert ? ['CERT', 'KEY'] : ['KEY', 'CERT'];
    throw new SettingError(
      `setting TEMPORAL_TLS_CLIENT_${lacks}_PATH: is not set, but TEMPORAL_TLS_CLIENT_${has}_PATH is`,
    );
  }
  readPem('TEMPORAL_TLS_SERVER_CA_CERT_PATH', serverCACert, (pem) => new X509Certificate(pem));
  const certificate = readPem('TEMPORAL_TLS_CLIENT_CERT_PATH', clientCert, (pem) => new X509Certificate(pem));
  const key = readPem('TEMPORAL_TLS_CLIENT_KEY_PATH', clientKey, createPrivateKey);
  if (certificate && key && !certificate.checkPrivateKey(key)) {
    throw new SettingError('setting TEMPORAL_TLS_CLIENT_KEY_PATH: is not the key of TEMPORAL_TLS_CLIENT_CERT_PATH');
  }
}

function readPem<Result>(
  setting: string,
  source: ClientConfigTLS['clientCert'],
  parse: (pem: Buffer) => Result,
): Result | undefined {
  try {
    const pem = loadConfigData(source);
    return pem && parse(Buffer.from(pem));
  } catch (cause) {
    throw new SettingError(`setting ${setting}: cannot be read (${firstLine(cause)})`, { cause });
  }
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
