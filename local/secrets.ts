import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { calculateJwkThumbprint } from 'jose';
import { type DatabaseName, DATABASES } from '../services/registry.ts';

const FILE = 'secrets.json';

/** All secrets of one local platform, generated at its first start. */
export interface Secrets {
  /** The password of each database role, by database. */
  databasePasswords: Record<DatabaseName, string>;
  /** Password of the embedded PostgreSQL's superuser. */
  postgresPassword: string;
  serviceToken: string;
  /** JSON Web Key, Ed25519 (RFC 8037), as text. */
  jwtPrivateKey: string;
  carrierCallbackSecret: string;
  processorCallbackSecret: string;
  /** Encrypts the secrets of customers' webhook endpoints. */
  webhookSecretKey: string;
  adminPassword: string;
  /** Whether it has been printed: a first start may fail before that. */
  adminPasswordShown: boolean;
}

/** Loads the secrets in `folder`, or generates them at the first start. Only the owner may read the file. */
export async function loadSecrets(folder: string): Promise<Secrets> {
  const file = path.join(folder, FILE);
  if (!existsSync(file)) return write(folder, await generateSecrets());
  // Written by an older version, the file may lack some secrets.
  const stored = JSON.parse(readFileSync(file, 'utf8')) as Omit<Secrets, Added> & Partial<Pick<Secrets, Added>>;
  const missing = NAMES.filter((name) => !(name in stored.databasePasswords));
  if (missing.length === 0 && ADDED.every((name) => name in stored)) return stored as Secrets;
  const databasePasswords = { ...passwordsFor(missing), ...stored.databasePasswords };
  const added = Object.fromEntries(ADDED.map((name) => [name, randomSecret()])) as Pick<Secrets, Added>;
  return write(folder, { ...added, ...stored, databasePasswords });
}

/** The secrets that a file of an older version may lack. */
const ADDED = ['webhookSecretKey', 'processorCallbackSecret'] as const satisfies (keyof Secrets)[];
type Added = (typeof ADDED)[number];

/** Records that the admin's password was printed, so that it is not printed again. */
export const recordPasswordShown = (folder: string, secrets: Secrets): Secrets =>
  write(folder, { ...secrets, adminPasswordShown: true });

/** Written to a temporary file and renamed: incomplete passwords would lock every service out. */
function write(folder: string, secrets: Secrets): Secrets {
  const file = path.join(folder, FILE);
  writeFileSync(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets;
}

async function generateSecrets(): Promise<Secrets> {
  return {
    databasePasswords: passwordsFor(NAMES),
    postgresPassword: randomSecret(),
    serviceToken: randomSecret(),
    jwtPrivateKey: JSON.stringify(await signingKey()),
    carrierCallbackSecret: randomSecret(),
    processorCallbackSecret: randomSecret(),
    webhookSecretKey: randomSecret(),
    // People type it: 16 characters of 64 are 96 bits.
    adminPassword: randomBytes(12).toString('base64url'),
    adminPasswordShown: false,
  };
}

const NAMES = Object.keys(DATABASES) as DatabaseName[];

const passwordsFor = (names: readonly DatabaseName[]) =>
  Object.fromEntries(names.map((name) => [name, randomSecret()])) as Record<DatabaseName, string>;

/** The key id is the thumbprint (RFC 7638), so that no other key has the same id. */
async function signingKey() {
  const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { ...key, alg: 'EdDSA', use: 'sig', kid: await calculateJwkThumbprint(key) };
}

/** 256 bits, in characters that need no quoting. */
const randomSecret = () => randomBytes(32).toString('base64url');
