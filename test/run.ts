// Runs test files with mocha, several at a time:
// `node test/run.ts [unit|integration|system] [--shuffle SEED] [-- ARGUMENTS OF MOCHA]`
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

// Tests wait for half of their time, so a few more files run at once than most machines have cores to spare.
const JOBS = 3;

const KINDS = ['unit', 'integration', 'system'];

// What a test imports, itself or through other files of test/, where it needs a server, a process or a thread.
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

// The longest first, so that no process has a long file left when the others are done.
const FIRST = ['test/system/', 'test/workflows/', 'test/gateway/', 'test/services/'];
const rank = (file: string) => FIRST.findIndex((folder) => file.startsWith(folder)) >>> 0;

const { values, positionals } = parseArgs({
  options: { shuffle: { type: 'string' } },
  allowPositionals: true,
  tokens: false,
});
const [kind] = positionals.filter((word) => KINDS.includes(word));
const mochaArguments = positionals.filter((word) => word !== kind);
process.chdir(path.join(import.meta.dirname, '..'));

const place = (file: string) => (values.shuffle === undefined ? '' : hash('sha256', `${values.shuffle} ${file}`));
const files = globSync('test/**/*.test.ts')
  .filter((file) => kind === undefined || kindOf(file) === kind)
  .toSorted()
  .toSorted((one, other) => rank(one) - rank(other))
  .toSorted((one, other) => place(one).localeCompare(place(other)));

const child = spawn('mocha', ['--parallel', '--jobs', String(JOBS), ...mochaArguments, ...files], {
  stdio: 'inherit',
});
child.once('close', (code) => (process.exitCode = code ?? 1));
