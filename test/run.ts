// Runs test files with Mocha, several at a time:
// `node test/run.ts [unit|integration|system] [--shuffle SEED] [-- MOCHA ARGUMENTS]`
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

// Tests spend half of their time waiting, so more files run at once than most machines have idle cores.
const JOBS = 4;

const KINDS = ['unit', 'integration', 'system'];
const SYSTEM = ['test/system/shared-platform.test.ts', 'test/system/one-by-one.ts'];

// A test that imports one of these, directly or through other files of test/, needs a server, a process or a thread.
const NEEDS_SERVER = /\/shared-server\.ts$|\/local\/(?:postgres|temporal)\.ts$|^node:(?:child_process|worker_threads)$/;
const IMPORT = /^(?:import|export)\b[^;]*?'(?<specifier>[^']+)';$/gm;

function kindOf(file: string): string {
  if (file.startsWith('test/system/')) return 'system';
  return needsServer(file, new Set()) ? 'integration' : 'unit';
}

function needsServer(file: string, seen: Set<string>): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].some(({ groups }) => {
    const { specifier } = groups as { specifier: string };
    if (NEEDS_SERVER.test(specifier)) return true;
    const target = path.posix.join(path.posix.dirname(file), specifier);
    return specifier.startsWith('.') && target.startsWith('test/') && needsServer(target, seen);
  });
}

// The slowest folders first, so that no process still has a slow file when the others are done.
const FIRST = ['test/system/', 'test/workflows/', 'test/gateway/', 'test/services/'];
const rank = (file: string) => FIRST.findIndex((folder) => file.startsWith(folder)) >>> 0;

const { values, positionals } = parseArgs({
  options: { shuffle: { type: 'string' } },
  allowPositionals: true,
  tokens: false,
});
const [kind] = positionals.filter((argument) => KINDS.includes(argument));
const mochaArguments = positionals.filter((argument) => argument !== kind);
process.chdir(path.join(import.meta.dirname, '..'));

const shuffleKey = (file: string) => (values.shuffle === undefined ? '' : hash('sha256', `${values.shuffle} ${file}`));
const files = [...globSync('test/**/*.test.ts', { exclude: ['test/system/**'] }), ...SYSTEM]
  .filter((file) => kind === undefined || kindOf(file) === kind)
  .toSorted()
  .toSorted((one, other) => rank(one) - rank(other))
  .toSorted((one, other) => shuffleKey(one).localeCompare(shuffleKey(other)));

// A run makes and drops hundreds of databases. In memory that costs less CPU than on a disk.
const MEMORY_FOLDER = '/dev/shm';
const MEMORY_NEEDED = 8 * 2 ** 30;

/** The setting that puts the run's files into memory, where the machine has enough of it. */
function filesInMemory(): { TMPDIR?: string } {
  if (!existsSync(MEMORY_FOLDER)) return {};
  const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
  return Math.min(bavail * bsize, process.availableMemory()) < MEMORY_NEEDED ? {} : { TMPDIR: MEMORY_FOLDER };
}

// Temporal's development server is written in Go, which collects garbage four times less often with this.
const GOGC = '400';

// As for a platform's processes: with compiled code in the cache, the tests and the programs they run start with less CPU.
const compiled = path.resolve(process.env.CACHE_DIR || '.cache', 'compiled');
const child = spawn('mocha', ['--parallel', '--jobs', String(JOBS), ...mochaArguments, ...files], {
  env: { NODE_COMPILE_CACHE: compiled, GOGC, ...filesInMemory(), ...process.env },
  stdio: 'inherit',
});
child.once('close', (code) => (process.exitCode = code ?? 1));
