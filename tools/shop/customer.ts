import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { claim } from '../../local/data-folder.ts';
import { ToolError, dataFolder } from '../command-line.ts';
import { printable } from '../printable.ts';

/** A customer of the file, with credentials. */
export interface Customer {
  email: string;
  password: string;
  name: string;
}

const SecretFile = z.object({ secret: z.string().min(32) });

/** Derives a customer from an id in the file: the same id always gives the same customer. */
export type ToCustomer = (customerId: string | undefined) => Customer;

/** Derives passwords from a secret in the data folder, which the first import creates and only its owner may read. */
export function customersOf(folder = dataFolder()): ToCustomer {
  const file = path.join(folder, 'import.json');
  try {
    // If no platform has run yet, this creates the folder so that `npm start` accepts it as its own.
    claim(folder);
    // `wx` fails where the file exists: two imports at once end up with one secret.
    writeFileSync(file, `${JSON.stringify({ secret: randomBytes(32).toString('base64url') })}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST')
      throw code ? new ToolError(`${file} cannot be written (${code}): set DATA_DIR to another folder`) : error;
  }
  return customersWith(readSecret(file));
}

/** Derives customers and their passwords from `secret`, so that no list of passwords has to be kept. */
export const customersWith =
  (secret: string): ToCustomer =>
  (customerId) => {
    const localPart = customerId === undefined ? 'walk-in' : `customer-${localPartOf(customerId)}`;
    const email = `${localPart}@import.example`;
    const password = createHmac('sha256', secret).update(email).digest('base64url');
    return {
      email,
      password,
      name: customerId === undefined ? 'Walk-in customer' : `Customer ${shortened(customerId)}`,
    };
  };

/** Hashes ids with other characters: they may be invalid in an e-mail address, or equal another one's but for case. */
const localPartOf = (id: string): string =>
  /^[a-z0-9]{1,40}$/.test(id) ? id : `x${createHash('sha256').update(id).digest('hex').slice(0, 24)}`;

const shortened = (id: string): string => printable(id.slice(0, 100));

function readSecret(file: string): string {
  try {
    return SecretFile.parse(JSON.parse(readFileSync(file, 'utf8'))).secret;
  } catch (cause) {
    throw new ToolError(
      `${file} is damaged: restore it, because customers imported earlier can sign in only with its secret`,
      {
        cause,
      },
    );
  }
}
