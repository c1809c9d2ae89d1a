import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../stage/free-ports.ts';
import { concurrently } from '../stage/concurrently.ts';
import { scratchFolder } from '../stage/test-run.ts';
import { aFile, csvOf } from './builders.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** Runs a tool in a process of its own. */
function run(name: string, args: string[], environment: NodeJS.ProcessEnv = {}) {
  const folder = mkdtempSync(path.join(scratchFolder(), 'tool-'));
  const env = { PATH: process.env.PATH, DATA_DIR: folder, ...environment };
  return new Promise<{ code: number; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [path.join(ROOT, 'tools', `${name}.ts`), ...args],
      { env, cwd: ROOT },
      (error, _stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stderr: stderr.trim() }),
    );
  });
}

/** An address at which nothing listens. */
const unusedUrl = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`;

describe('a tool that cannot do its work', function () {
  // Each run loads the whole tool, on a machine that may be busy with other tests.
  this.timeout(60_000);
  // One of them retries for some seconds.
  const test = concurrently(3);

  const cases: [name: string, start: () => ReturnType<typeof run>, message: RegExp][] = [
    [
      'names the ledger that it could not read',
      async () => run('reconcile', [], { SERVICE_TOKEN: 's'.repeat(32), PROCESSOR_URL: await unusedUrl() }),
      /^could not compare: could not reach http:\/\/127\.0\.0\.1:\d+\/ledger\?limit=200 \(ECONNREFUSED\)$/,
    ],
    ['prints its usage without a file', () => run('import', []), /^usage: npm run import -- FILE/],
    ['prints its usage when it gets two files', () => run('replay', ['a', 'b']), /^usage: npm run replay -- FILE/],
    ['names an unknown option', () => run('reconcile', ['--jsn', 'x']), /^Unknown option '--jsn'/],
    ['names an invalid option', () => run('replay', ['x.csv', '--limit', '0']), /^--limit must be a whole number/],
    ['names a missing file', () => run('import', ['/nowhere.csv']), /^\/nowhere\.csv does not exist$/],
    [
      'names a report that it cannot write, before it starts',
      () => run('replay', [aFile(csvOf({})), '--json', '/nowhere/report.json']),
      /^\/nowhere\/report\.json cannot be written \(ENOENT\)$/,
    ],
    [
      'says that credentials are missing',
      () => run('import', [aFile(csvOf({}))]),
      /^no admin credentials: set ADMIN_EMAIL and ADMIN_PASSWORD/,
    ],
    [
      'says that the API is unreachable, and what to do',
      async () =>
        run('import', [aFile(csvOf({})), '--api', await unusedUrl()], {
          ADMIN_EMAIL: 'a@b.example',
          ADMIN_PASSWORD: 'x',
        }),
      /\/livez \(ECONNREFUSED\)\. Start the platform with `npm start`, or set its address with --api URL\.$/,
    ],
    ['says that the service token is missing', () => run('reconcile', []), /^no service token: set SERVICE_TOKEN/],
  ];
  for (const [name, start, message] of cases) {
    test(name, async () => {
      const { code, stderr } = await start();
      assert.match(stderr.split('\n')[0]!, message);
      assert.ok(!stderr.includes('    at '), stderr);
      assert.equal(code, 2);
    });
  }
});
