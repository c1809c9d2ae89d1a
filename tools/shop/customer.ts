import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { claim } from '../../local/data-folder.ts';
import { ToolError, dataFolder } from '../command-line.ts';

/** A customer of the file as somebody who can sign in. */
export interface Customer {
  email: string;
  password: string;
  name: string;
}

const Keeper = z.object({ secret: z.string().min(32) });

/** Makes customers of the ids in a file: the same id always gives the same customer. */
export type ToCustomer = (customerId: string | undefined) => Customer;

/** What passwords are made of, kept in the data folder and made at the first import. Only its owner may read it. */
export function customersOf(folder = dataFolder()): ToCustomer {
  const file = path.join(folder, 'import.json');
  try {
    // Made here where nothing runs on it yet, it must still be one that `npm start` takes for its own.
    claim(folder);
    // `wx` fails where the file exists: two imports at once end up with one secret.
    writeFileSync(file, `${JSON.stringify({ secret: randomBytes(32).toString('base64url') })}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw code ? new ToolError(`${file} cannot be written (${code}): set DATA_DIR`) : error;
  }
  return customersWith(readSecret(file));
}

/** Customers whose passwords are derived from `secret`: nobody has to keep a list of them. */
export const customersWith =
  (secret: string): ToCustomer =>
  (customerId) => {
    const local = customerId === undefined ? 'walk-in' : `customer-${addressable(customerId)}`;
    const email = `${local}@import.example`;
    const password = createHmac('sha256', secret).update(email).digest('base64url');
    return { email, password, name: customerId === undefined ? 'Walk-in customer' : `Customer ${shown(customerId)}` };
  };

/** Ids that are more than small letters and digits could be no e-mail address, or two that count as one. */
const addressable = (id: string): string =>
  /^[a-z0-9]{1,40}$/.test(id) ? id : `x${createHash('sha256').update(id).digest('hex').slice(0, 24)}`;

const shown = (id: string): string => id.slice(0, 100);

function readSecret(file: string): string {
  try {
    return Keeper.parse(JSON.parse(readFileSync(file, 'utf8'))).secret;
  } catch (cause) {
    throw new ToolError(
      `${file} cannot be read as what an import wrote: customers imported before sign in by its secret only, so restore it`,
      {
        cause,
      },
    );
  }
}
