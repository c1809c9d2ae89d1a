import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { takePort } from '../../platform/ports.ts';
import { concurrently } from '../stage/concurrently.ts';
import { scratchFolder } from '../stage/test-run.ts';
import { aFile, csvOf } from './builders.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** Runs a tool as an operator would, and says how it ended. */
function tool(name: string, words: string[], environment: NodeJS.ProcessEnv = {}) {
  const folder = mkdtempSync(path.join(scratchFolder(), 'tool-'));
  const env = { PATH: process.env.PATH, DATA_DIR: folder, ...environment };
  return new Promise<{ code: number; said: string; complained: string }>((resolve) => {
    execFile(
      process.execPath,
      [path.join(ROOT, 'tools', `${name}.ts`), ...words],
      { env, cwd: ROOT },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), said: out, complained: err.trim() }),
    );
  });
}

/** An address at which nothing listens. */
const nowhere = async (): Promise<string> => `http://127.0.0.1:${await takePort(0, 'a port')}`;

describe('a tool that cannot do its work', function () {
  // Each run loads the tool anew, on a machine that may be busy with the rest of the tests.
  this.timeout(60_000);
  // One of them waits for 10 s, as its user would.
  const test = concurrently(3);

  const cases: [words: string, run: () => ReturnType<typeof tool>, complaint: RegExp][] = [
    [
      'says which ledger it could not read',
      async () => tool('reconcile', [], { SERVICE_TOKEN: 's'.repeat(32), PROCESSOR_URL: await nowhere() }),
      /^could not compare: http:\/\/127\.0\.0\.1:\d+ did not do GET \/ledger/,
    ],
    ['without a file says how it is used', () => tool('import', []), /^usage: npm run import -- FILE/],
    ['given two files says how it is used', () => tool('replay', ['a', 'b']), /^usage: npm run replay -- FILE/],
    ['names an option it does not know', () => tool('reconcile', ['--jsn', 'x']), /^Unknown option '--jsn'/],
    [
      'names an option that is wrong',
      () => tool('replay', ['x.csv', '--limit', '0']),
      /^--limit must be a whole number/,
    ],
    ['names the file that is missing', () => tool('import', ['/nowhere.csv']), /^there is no file \/nowhere\.csv$/],
    [
      'names the report that it could not write, before it starts',
      () => tool('replay', [aFile(csvOf({})), '--json', '/nowhere/report.json']),
      /^\/nowhere\/report\.json cannot be written \(ENOENT\)$/,
    ],
    [
      'says that nobody can sign in',
      () => tool('import', [aFile(csvOf({}))]),
      /^nobody to sign in as: set ADMIN_EMAIL and ADMIN_PASSWORD/,
    ],
    [
      'says that the API is not there, and the way out',
      async () =>
        tool('import', [aFile(csvOf({})), '--api', await nowhere()], {
          ADMIN_EMAIL: 'a@b.example',
          ADMIN_PASSWORD: 'x',
        }),
      /ECONNREFUSED\. Start the platform with `npm start`, or name another with --api URL\.$/,
    ],
    ['says that there is no service token', () => tool('reconcile', []), /^no service token: set SERVICE_TOKEN/],
  ];
  for (const [words, run, complaint] of cases) {
    test(words, async () => {
      const { code, complained } = await run();
      assert.match(complained.split('\n')[0]!, complaint);
      assert.ok(!complained.includes('    at '), complained);
      assert.equal(code, 2);
    });
  }
});
