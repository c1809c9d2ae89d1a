import { Email, Password, userRequests } from '../../activities/user.ts';
import { keepDoing } from '../../platform/background.ts';
import { SettingError } from '../../platform/config.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import { ensureAdministrator } from './administrator.ts';
import type { UserDatabase } from './database.ts';
import { createPasswords } from './passwords.ts';
import { purge } from './purge.ts';
import { createUserRequests } from './requests.ts';

const settings = { ADMIN_EMAIL: Email.optional(), ADMIN_PASSWORD: Password.optional() };

// Purged rows have no effect any more, so there is no hurry.
const PURGE_EVERY_MS = 60 * 60 * 1000;

/** Accounts, profiles and how users and programs sign in. */
export const user: Service = defineService<UserDatabase, typeof settings>(REGISTRY, {
  name: 'user',
  settings,
  async create({ db, config, logger }) {
    const passwords = createPasswords();
    const administrator = administratorOf(config.ADMIN_EMAIL, config.ADMIN_PASSWORD);
    if (administrator) await ensureAdministrator(db, passwords, administrator);
    const purging = keepDoing(() => purge(db).then(() => false), {
      pauseMs: PURGE_EVERY_MS,
      failing: 'could not purge old sessions',
      logger,
    });
    return {
      requests: { operations: userRequests, implementation: await createUserRequests(db, passwords) },
      close: () => purging.close(),
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
