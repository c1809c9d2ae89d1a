import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { calculateJwkThumbprint } from 'jose';
import { type DatabaseName, DATABASES } from '../services/registry.ts';

const FILE = 'secrets.json';

/** Everything one local platform keeps to itself, made up at its first start. */
export interface Secrets {
  /** By service: what its role signs in to its database with. */
  databasePasswords: Record<DatabaseName, string>;
  /** The embedded PostgreSQL's superuser's. */
  postgresPassword: string;
  serviceToken: string;
  /** JSON Web Key, Ed25519 (RFC 8037), as text. */
  jwtPrivateKey: string;
  carrierCallbackSecret: string;
  /** What the secrets of customers' webhook endpoints are encrypted with. */
  webhookSecretKey: string;
  adminPassword: string;
  /** Whether a person has been shown it: a first start may fail before it gets that far. */
  adminPasswordShown: boolean;
}

/** The secrets in `folder`, made at the first start and then the same for ever; only their owner may read the file. */
export async function keepSecrets(folder: string): Promise<Secrets> {
  const file = path.join(folder, FILE);
  if (!existsSync(file)) return write(folder, await makeUp());
  // Of an older platform, to which some may have come since.
  const kept = JSON.parse(readFileSync(file, 'utf8')) as Secrets | Omit<Secrets, 'webhookSecretKey'>;
  const newcomers = NAMES.filter((name) => !(name in kept.databasePasswords));
  if (newcomers.length === 0 && 'webhookSecretKey' in kept) return kept;
  const databasePasswords = { ...passwordsOf(newcomers), ...kept.databasePasswords };
  return write(folder, { webhookSecretKey: secret(), ...kept, databasePasswords });
}

/** Notes that the admin's password was shown, so that it is not shown again. */
export const notePasswordShown = (folder: string, secrets: Secrets): Secrets =>
  write(folder, { ...secrets, adminPasswordShown: true });

/** Renamed when whole: passwords half written would lock every service out. */
function write(folder: string, secrets: Secrets): Secrets {
  const file = path.join(folder, FILE);
  writeFileSync(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets;
}

async function makeUp(): Promise<Secrets> {
  return {
    databasePasswords: passwordsOf(NAMES),
    postgresPassword: secret(),
    serviceToken: secret(),
    jwtPrivateKey: JSON.stringify(await signingKey()),
    carrierCallbackSecret: secret(),
    webhookSecretKey: secret(),
    // Typed by people: 16 characters of 64 are 96 bits.
    adminPassword: randomBytes(12).toString('base64url'),
    adminPasswordShown: false,
  };
}

const NAMES = Object.keys(DATABASES) as DatabaseName[];

const passwordsOf = (names: readonly DatabaseName[]) =>
  Object.fromEntries(names.map((name) => [name, secret()])) as Record<DatabaseName, string>;

/** Named by its thumbprint (RFC 7638), so that another key never has the same name. */
async function signingKey() {
  const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { ...key, alg: 'EdDSA', use: 'sig', kid: await calculateJwkThumbprint(key) };
}

/** 256 bits, in characters that need no quoting anywhere. */
const secret = () => randomBytes(32).toString('base64url');
