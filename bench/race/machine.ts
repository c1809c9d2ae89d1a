import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, type as osType, release, totalmem } from 'node:os';
import { peerVersion } from './install.ts';
import { queryAsSuperuser } from './superuser.ts';
import { SERVER_VERSION } from './temporal/binary.ts';
import type { World } from './world.ts';

/** The machine and the versions of a run. */
export interface Machine {
  processor: string;
  cores: number;
  memoryGib: number;
  system: string;
  node: string;
  postgres: string;
  temporal: string;
  restate: string;
  dbos: string;
  /** The measured commit. */
  commit: string;
}

const GIB = 1024 ** 3;

export async function describeMachine({ binary, superuserUrl }: World): Promise<Machine> {
  const postgres = await queryAsSuperuser(
    superuserUrl,
    `select current_setting('server_version') || ', fsync ' || current_setting('fsync') as description`,
  );
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / GIB),
    system: `${osType()} ${release()}`,
    node: process.versions.node,
    postgres: String(postgres.description),
    temporal:
      binary.kind === 'full'
        ? `server ${SERVER_VERSION} on that PostgreSQL`
        : `development server on a file (${binary.reason}), whose results do not apply to the full server`,
    restate: peerVersion('@restatedev/restate-server'),
    dbos: peerVersion('@dbos-inc/dbos-sdk'),
    commit: commit(),
  };
}

/** Where and when a run was made, for a page. */
export const conditionsOf = (machine: Machine, startedAt: string): string =>
  [
    `on ${startedAt.slice(0, 10)} at commit ${machine.commit}:`,
    `${machine.cores} cores of ${machine.processor}, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node},`,
    `PostgreSQL ${machine.postgres}; Temporal: ${machine.temporal}; Restate ${machine.restate}, DBOS ${machine.dbos}.`,
  ].join('\n');

/** The commit, and whether there are uncommitted changes. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    // Not the results: a run that continues has written some before.
    const changes = git('status', '--porcelain', '--', ':/', ':(exclude,top)bench/results');
    return git('rev-parse', '--short', 'HEAD') + (changes === '' ? '' : ', changed');
  } catch {
    return 'unknown';
  }
}
