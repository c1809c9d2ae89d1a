import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Client } from '../../clients/typescript/index.ts';
import { ToolError, dataFolder } from '../command-line.ts';
import type { Api } from './client.ts';
import { BadCredentials, type Credentials, signedIn } from './session.ts';
import { typed } from './typed.ts';

// Whoever starts the platform may choose another e-mail, and sets ADMIN_EMAIL then.
const Secrets = z.object({ adminEmail: z.string().default('admin@example.com'), adminPassword: z.string() });

/** How to sign in as an admin: ADMIN_EMAIL and ADMIN_PASSWORD, or what `npm start` wrote into its data folder. */
export function adminCredentials(environment = process.env): Credentials {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = environment;
  if (email && password) return { email, password };
  const file = path.join(dataFolder(), 'secrets.json');
  try {
    const { adminEmail, adminPassword } = Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { email: email || adminEmail, password: password || adminPassword };
  } catch (cause) {
    throw new ToolError(
      `nobody to sign in as: set ADMIN_EMAIL and ADMIN_PASSWORD, or DATA_DIR to the data folder of a running platform (${file} does not say)`,
      { cause },
    );
  }
}

/** The API as an admin; fails at once where the password is wrong or the person is no admin. */
export async function signInAdmin(api: Api, credentials: Credentials): Promise<Client> {
  const admin = typed(signedIn(api, credentials));
  const probe = await admin
    .GET('/v1/admin/interventions', { params: { query: { limit: 1 } } })
    .catch((error: unknown) => {
      if (!(error instanceof BadCredentials)) throw error;
      throw new ToolError(`${error.message}: check ADMIN_EMAIL and ADMIN_PASSWORD`, { cause: error });
    });
  if (probe.response.status === 403) throw new ToolError(`${credentials.email} is not an admin`);
  return admin;
}
