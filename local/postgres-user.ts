import { type ExecFileOptions, execFile } from 'node:child_process';
import { chmodSync, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { SettingError } from '../platform/config.ts';

const run = promisify(execFile);
const USER = 'postgres';

/** The user that runs PostgreSQL's programs, which refuse to run as root. */
export interface PostgresUser {
  /** Set if it is a different user, who then owns the files. */
  uid?: number;
  gid?: number;
  /** The program and arguments to spawn, for PostgreSQL's `program` with `args`. */
  command(program: string, args: readonly string[]): [string, string[]];
}

const currentUser: PostgresUser = { command: (program, args) => [program, [...args]] };

// In a user namespace root appears as user 1000, which PostgreSQL accepts; outside, root still owns the files.
const namespacedRoot: PostgresUser = {
  command: (program, args) => ['unshare', ['--user', '--map-user=1000', '--map-group=1000', '--', program, ...args]],
};

/**
 * The current user, unless that is root. Root runs PostgreSQL as the user `postgres`, created if necessary, or in a user
 * namespace if that user cannot access the files, for example below /root. An existing folder keeps its way.
 */
export async function postgresUser(folder: string, program: string): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) return currentUser;
  const owner = existsSync(folder) ? statSync(folder).uid : undefined;
  const user = owner === 0 ? undefined : await unprivilegedUser();
  if (user && (owner !== undefined || (await canAccess(user, folder, program)))) return user;
  if (await testSucceeds(namespacedRoot)) return namespacedRoot;
  throw new SettingError(
    `PostgreSQL does not run as root, and the user ${USER} cannot access ${program} and ${folder}: start as another user, move the project out of /root, or set DATABASE_URL to an existing server`,
  );
}

async function unprivilegedUser(): Promise<PostgresUser> {
  const id = async (flag: string) => Number((await run('id', [flag, USER])).stdout);
  try {
    return { ...currentUser, uid: await id('-u'), gid: await id('-g') };
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', USER]);
    return { ...currentUser, uid: await id('-u'), gid: await id('-g') };
  }
}

async function canAccess(user: PostgresUser, folder: string, program: string): Promise<boolean> {
  // The parent folder is the data folder: other users may pass through it but not list it.
  chmodSync(path.dirname(folder), 0o711);
  return (await testSucceeds(user, ['-x', program])) && testSucceeds(user, ['-x', path.dirname(folder)]);
}

/** Whether the command `test` with these arguments succeeds as this user. */
async function testSucceeds(user: PostgresUser, args: string[] = ['-n', 'runs']): Promise<boolean> {
  try {
    await run(...user.command('test', args), identityOf(user));
    return true;
  } catch {
    return false;
  }
}

/** Options for spawn and execFile. They run in /, because this user may not have access to the current folder. */
export const identityOf = ({ uid, gid }: PostgresUser): ExecFileOptions & { encoding: 'utf8' } => ({
  encoding: 'utf8',
  cwd: '/',
  ...(uid !== undefined && gid !== undefined && { uid, gid }),
});
