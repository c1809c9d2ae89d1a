import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { endReason } from '../../local/server-process.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-ports.ts';
import { scratchFolder } from './test-run.ts';

// Debian installs it outside of an ordinary user's PATH.
const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
const program = process.env.PGBOUNCER || 'pgbouncer';

/** [major, minor] of the installed PgBouncer (or that of the variable PGBOUNCER); undefined if there is none. */
export function pgbouncerVersion(): [number, number] | undefined {
  try {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8', env: environment });
    const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(text)!;
    return [Number(major), Number(minor)];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

export interface PgBouncer {
  /** The given URL through the pooler. */
  through(url: string): string;
  close(): Promise<void>;
}

/** PgBouncer in front of the PostgreSQL server of `url`, with these lines in its settings. */
export async function startPgBouncer(url: string, settings: Record<string, string>): Promise<PgBouncer> {
  const { hostname, port: serverPort, username } = new URL(url);
  const port = await freePort();
  const folder = path.join(scratchFolder(), `pgbouncer-${port}`);
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  const ini = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: path.join(folder, 'users.txt'),
    ...settings,
  };
  writeFileSync(ini.auth_file, `"${username}" "${username}"\n`);
  const lines = Object.entries(ini).map(([name, value]) => `${name} = ${value}`);
  const file = path.join(folder, 'pgbouncer.ini');
  writeFileSync(file, `[databases]\n* = host=${hostname} port=${serverPort}\n[pgbouncer]\n${lines.join('\n')}\n`);
  // It refuses to run as root.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const child = spawn(program, [file], { ...nobody, env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = endReason(child);
  const through = (direct: string) => Object.assign(new URL(direct), { hostname: '127.0.0.1', port }).href;
  await Promise.race([
    eventually(() => accepts(through(url))),
    ended.then((reason) => Promise.reject(new Error(`PgBouncer ended: ${reason}`))),
  ]);
  return {
    through,
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function accepts(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.end();
}
