import { type ExecFileOptions, execFile } from 'node:child_process';
import { chmodSync, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { SettingError } from '../platform/config.ts';

const run = promisify(execFile);
const USER = 'postgres';

/** As whom PostgreSQL's programs run: it refuses to be root. */
export interface PostgresUser {
  /** Set where another user than ours; the files are theirs then. */
  uid?: number;
  gid?: number;
  /** The program and arguments to spawn, for PostgreSQL's `program` with `args`. */
  command(program: string, args: readonly string[]): [string, string[]];
}

const ourselves: PostgresUser = { command: (program, args) => [program, [...args]] };

// Inside a user namespace root is shown as user 1000, which satisfies PostgreSQL; outside the files remain root's.
const disguised: PostgresUser = {
  command: (program, args) => ['unshare', ['--user', '--map-user=1000', '--map-group=1000', '--', program, ...args]],
};

/**
 * Whoever started us, unless that is root. Root runs it as the user `postgres`, made if need be, and where that user
 * cannot reach the files, as below /root, in a user namespace. A folder made one way stays that way.
 */
export async function postgresUser(folder: string, program: string): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) return ourselves;
  const made = existsSync(folder) ? statSync(folder).uid : undefined;
  const user = made === 0 ? undefined : await unprivileged();
  if (user && (made !== undefined || (await reaches(user, folder, program)))) return user;
  if (await works(disguised)) return disguised;
  throw new SettingError(
    `PostgreSQL refuses to run as root, and its user ${USER} cannot reach ${program} and ${folder}: start as another user, move the project out of /root, or set DATABASE_URL to a server that runs`,
  );
}

async function unprivileged(): Promise<PostgresUser> {
  const id = async (flag: string) => Number((await run('id', [flag, USER])).stdout);
  try {
    return { ...ourselves, uid: await id('-u'), gid: await id('-g') };
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', USER]);
    return { ...ourselves, uid: await id('-u'), gid: await id('-g') };
  }
}

async function reaches(user: PostgresUser, folder: string, program: string): Promise<boolean> {
  // The folder around the database is ours too: others may pass through it, and see nothing.
  chmodSync(path.dirname(folder), 0o711);
  return (await works(user, ['-x', program])) && works(user, ['-x', path.dirname(folder)]);
}

/** Whether `test` with these arguments succeeds as this user. */
async function works(user: PostgresUser, args: string[] = ['-n', 'runs']): Promise<boolean> {
  try {
    await run(...user.command('test', args), identityOf(user));
    return true;
  } catch {
    return false;
  }
}

/** For spawn and execFile. From the root folder, because ours may be one that this user cannot be in. */
export const identityOf = ({ uid, gid }: PostgresUser): ExecFileOptions & { encoding: 'utf8' } => ({
  encoding: 'utf8',
  cwd: '/',
  ...(uid !== undefined && gid !== undefined && { uid, gid }),
});
