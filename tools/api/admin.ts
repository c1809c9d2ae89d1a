import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Client } from '../../clients/typescript/index.ts';
import { ToolError, dataFolder } from '../command-line.ts';
import type { Api } from './client.ts';
import { BadCredentials, type Credentials, withSession } from './session.ts';
import { RequestRefused, typedClient } from './typed-client.ts';

// The default applies unless ADMIN_EMAIL was set when the platform started.
const Secrets = z.object({ adminEmail: z.string().default('admin@example.com'), adminPassword: z.string() });

/** An admin's credentials: ADMIN_EMAIL and ADMIN_PASSWORD, or those that `npm start` wrote to its data folder. */
export function adminCredentials(environment = process.env): Credentials {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = environment;
  if (email && password) return { email, password };
  const file = path.join(dataFolder(), 'secrets.json');
  try {
    const { adminEmail, adminPassword } = Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { email: email || adminEmail, password: password || adminPassword };
  } catch (cause) {
    throw new ToolError(
      `no admin credentials: set ADMIN_EMAIL and ADMIN_PASSWORD, or set DATA_DIR to the data folder of a running platform (could not read them from ${file})`,
      { cause },
    );
  }
}

/** A client with an admin's session. Fails at once if the password is wrong or the account is not an admin's. */
export async function signInAdmin(api: Api, credentials: Credentials): Promise<Client> {
  const admin = typedClient(withSession(api, credentials));
  const probe = await admin
    .GET('/v1/admin/interventions', { params: { query: { limit: 1 } } })
    .catch((error: unknown) => {
      if (!(error instanceof BadCredentials) && !(error instanceof RequestRefused)) throw error;
      throw new ToolError(
        `${credentials.email} cannot sign in (${error.message}): check ADMIN_EMAIL and ADMIN_PASSWORD`,
        { cause: error },
      );
    });
  if (probe.response.status === 403) throw new ToolError(`${credentials.email} is not an admin`);
  return admin;
}
