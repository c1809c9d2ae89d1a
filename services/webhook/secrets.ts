import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** `WEBHOOK_SECRET_KEY`: 256 bits. */
export const encryptionKey = z.string().transform((text, context): Buffer => {
  const key = Buffer.from(text, 'base64url');
  if (key.length === 32) return key;
  context.addIssue({ code: 'custom', message: 'must be 32 bytes in base64 or base64url' });
  return z.NEVER;
});

const PREFIX = 'whsec_';
// Standard Webhooks: 24 to 64 bytes.
const SECRET_BYTES = 32;
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export const newSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64');

/** Encrypts endpoints' secrets, so that the database alone does not reveal them. */
export class SecretCipher {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The result is bound to the endpoint: it cannot be decrypted in another endpoint's row. */
  encrypt(secret: string, endpointId: string): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv).setAAD(Buffer.from(endpointId));
    const encrypted = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), encrypted]);
  }

  decrypt(encrypted: Buffer, endpointId: string): string {
    const decipher = createDecipheriv(CIPHER, this.#key, encrypted.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(endpointId)).setAuthTag(encrypted.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(encrypted.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString(
      'utf8',
    );
  }
}

/** What is signed, with symmetric signatures of https://www.standardwebhooks.com. */
export interface Message {
  id: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

/** The headers of a message, with a signature for each secret: a receiver accepts any signature it can verify. */
export function signedHeaders({ id, timestamp, body }: Message, secrets: readonly string[]): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') };
}
