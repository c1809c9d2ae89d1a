import { Email, Password, userRequests } from '../../activities/user.ts';
import { keepDoing, keepTrying } from '../../platform/background.ts';
import { SettingError } from '../../platform/config.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import { ensureAdministrator } from './administrator.ts';
import type { UserDatabase } from './database.ts';
import { claimNext } from './guest-claims.ts';
import { lookUpReset } from './link-requests.ts';
import { createPasswords } from './passwords.ts';
import { purge } from './purge.ts';
import { createUserRequests } from './requests.ts';

const settings = { ADMIN_EMAIL: Email.optional(), ADMIN_PASSWORD: Password.optional() };

// Purged rows have no effect any more, so there is no hurry.
const PURGE_EVERY_MS = 60 * 60 * 1000;
// Nobody can administrate the shop before.
const RETRY_ADMINISTRATOR_MS = 500;
// The delay until the orders of guests belong to the account at most.
const CLAIMS_EVERY_MS = 500;
// The delay of a mail about a forgotten password at most.
const RESETS_EVERY_MS = 500;

/** Accounts, profiles and how users and programs sign in. */
export const user: Service = defineService<UserDatabase, typeof settings>(REGISTRY, {
  name: 'user',
  settings,
  async create({ db, config, logger }) {
    const passwords = createPasswords();
    const administrator = administratorOf(config.ADMIN_EMAIL, config.ADMIN_PASSWORD);
    // Like every other process this one starts without its database, and is not ready until this is done.
    const ensuring =
      administrator &&
      keepTrying(() => ensureAdministrator(db, passwords, administrator), {
        everyMs: RETRY_ADMINISTRATOR_MS,
        failing: 'could not make sure that the administrator exists',
        logger,
      });
    const purging = keepDoing(() => purge(db).then(() => false), {
      pauseMs: PURGE_EVERY_MS,
      failing: 'could not purge old sessions',
      logger,
    });
    const lookingUp = keepDoing(() => lookUpReset(db), {
      pauseMs: RESETS_EVERY_MS,
      failing: 'could not look up who asked to reset a password',
      logger,
    });
    const claiming = keepDoing(() => claimNext(db), {
      pauseMs: CLAIMS_EVERY_MS,
      failing: 'could not give the orders of guests to accounts',
      logger,
    });
    return {
      requests: { operations: userRequests, implementation: await createUserRequests(db, passwords) },
      ready() {
        if (ensuring && !ensuring.hasSucceeded()) throw new Error('the administrator is still to be created');
      },
      async close() {
        await Promise.all([ensuring?.close(), purging.close(), lookingUp.close(), claiming.close()]);
      },
    };
  },
});

/** Both settings or neither: one alone is a mistake. */
function administratorOf(email?: string, password?: string): { email: string; password: string } | undefined {
  if (email !== undefined && password === undefined) {
    throw new SettingError('setting ADMIN_PASSWORD: is not set, though ADMIN_EMAIL is');
  }
  if (password !== undefined && email === undefined) {
    throw new SettingError('setting ADMIN_EMAIL: is not set, though ADMIN_PASSWORD is');
  }
  return email !== undefined && password !== undefined ? { email, password } : undefined;
}
