import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bareEnvironment } from '../stage/bare-environment.ts';
import { concurrently } from '../stage/concurrently.ts';
import { scratchFolder } from '../stage/test-run.ts';
import { aFile, csvOf } from './builders.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** Runs a tool in a process of its own. */
function run(name: string, args: string[], environment: NodeJS.ProcessEnv = {}) {
  const folder = mkdtempSync(path.join(scratchFolder(), 'tool-'));
  const env = { ...bareEnvironment(), DATA_DIR: folder, ...environment };
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [path.join(ROOT, 'tools', `${name}.ts`), ...args],
      { env, cwd: ROOT },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr: stderr.trim() }),
    );
  });
}

/** Addresses at which nothing listens: ports without a service, which no test run takes. */
const [UNUSED, UNUSED_TOO] = ['http://127.0.0.1:2', 'http://127.0.0.1:4'] as const;

const ADMIN = { ADMIN_EMAIL: 'a@b.example', ADMIN_PASSWORD: 'x' };

/** The data folder of a platform whose servers do not respond. */
function folderOfPlatform(temporal: { own: boolean }): string {
  const folder = mkdtempSync(path.join(scratchFolder(), 'running-'));
  const at = { api: UNUSED, doors: {}, processor: UNUSED, carrier: UNUSED };
  const server = { address: '127.0.0.1:2', namespace: 'default', ...temporal };
  writeFileSync(path.join(folder, 'running.json'), JSON.stringify({ ...at, temporal: server }));
  return folder;
}

describe('a tool that cannot do its work', function () {
  // Each run loads the whole tool, on a machine that may be busy with other tests.
  this.timeout(60_000);
  // One of them retries for some seconds.
  const test = concurrently(3);

  const cases: [name: string, start: () => ReturnType<typeof run>, message: RegExp][] = [
    [
      'names the ledger that it could not read',
      () => run('reconcile', [], { SERVICE_TOKEN: 's'.repeat(32), PROCESSOR_URL: UNUSED, CARRIER_URL: UNUSED }),
      /^could not compare: could not reach http:\/\/127\.0\.0\.1:\d+\/ledger\?limit=200 \(ECONNREFUSED\)$/,
    ],
    ['says that the file is missing', () => run('import', []), /^FILE is missing; try: npm run import -- --help$/],
    [
      'names an argument too many',
      () => run('replay', ['a', 'b']),
      /^unexpected argument "b"; try: npm run replay -- --help$/,
    ],
    [
      'names an unknown option',
      () => run('reconcile', ['--jsn', 'x']),
      /^unknown option --jsn; try: npm run reconcile -- --help$/,
    ],
    [
      'prints no control characters of its arguments',
      () => run('recommend-eval', ['/a\u001b[2Jb']),
      /^\/a\\u001b\[2Jb does not exist$/,
    ],
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
      () => run('import', [aFile(csvOf({})), '--api', UNUSED], ADMIN),
      /\/livez \(ECONNREFUSED\)\. Start the platform with `npm start`, or set its address with --api URL\.$/,
    ],
    ['says that the service token is missing', () => run('reconcile', []), /^no service token: set SERVICE_TOKEN/],
    [
      'says that no platform runs whose time could be moved',
      () => run('fast-forward', ['10001', '7d']),
      /^no platform runs from \S+: start one with `npm start`, or set DATA_DIR to its data folder$/,
    ],
    [
      'does not move the time of a server that it was not given',
      () => run('fast-forward', ['10001', '7d'], { DATA_DIR: folderOfPlatform({ own: false }) }),
      /^the platform uses the Temporal server at 127\.0\.0\.1:2, which it has not started: /,
    ],
  ];
  for (const [name, start, message] of cases) {
    test(name, async () => {
      const { code, stderr } = await start();
      // The whole of it is one line.
      assert.match(stderr, message);
      assert.equal(code, 2);
    });
  }
});

describe('a tool', function () {
  this.timeout(60_000);
  const test = concurrently(3);

  for (const [name, option] of [
    ['import', '--stock N'],
    ['replay', '--json REPORT'],
    ['reconcile', '--stuck-minutes M'],
    ['fast-forward', '--help'],
    ['recommend-eval', '--encoding NAME'],
  ] as const) {
    test(`explains itself: ${name}`, async () => {
      const { code, stdout, stderr } = await run(name, ['--nonsense', '--help']);
      assert.deepEqual([code, stderr], [0, '']);
      assert.ok(stdout.startsWith(`usage: npm run ${name} -- `), stdout);
      for (const part of [`\n  ${option} `, '\n  --help ', `\nexample: npm run ${name} -- `]) {
        assert.ok(stdout.includes(part), part);
      }
    });
  }

  test('writes the reason into its report when it cannot do its work', async () => {
    const file = path.join(mkdtempSync(path.join(scratchFolder(), 'report-')), 'report.json');
    const url = UNUSED;
    await run('replay', [aFile(csvOf({})), '--json', file, '--api', url]);
    const { outcome, error } = JSON.parse(readFileSync(file, 'utf8')) as { outcome: string; error: string };
    assert.equal(outcome, 'failed');
    assert.ok(error.startsWith(`could not reach ${url}/livez (ECONNREFUSED)`), error);
  });

  test('asks the platform that runs from the data folder', async () => {
    const url = UNUSED;
    const folder = mkdtempSync(path.join(scratchFolder(), 'running-'));
    const temporal = { address: '127.0.0.1:2', namespace: 'default' };
    const addresses = { api: url, doors: {}, processor: url, carrier: url, temporal };
    writeFileSync(path.join(folder, 'running.json'), JSON.stringify({ supervisor: 1, children: {}, ...addresses }));
    const at = { DATA_DIR: folder, ...ADMIN };
    const file = aFile(csvOf({}));
    const tries = [
      run('import', [file], at),
      run('replay', [file], at),
      run('reconcile', [], { ...at, SERVICE_TOKEN: 's'.repeat(32) }),
    ];
    for (const { stderr } of await Promise.all(tries)) assert.ok(stderr.includes(`could not reach ${url}/`), stderr);
    const other = UNUSED_TOO;
    const { stderr } = await run('import', [file], { ...at, API_URL: other });
    assert.ok(stderr.includes(`could not reach ${other}/`), stderr);
  });

  test('asks the Temporal server of that platform, unless the settings name another one', async () => {
    const [here, there] = ['127.0.0.1:2', '127.0.0.1:4'];
    const empty = createServer((_request, response) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ items: [], next: null })),
    );
    await new Promise<void>((resolve) => empty.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(empty.address() as AddressInfo).port}`;
    const folder = mkdtempSync(path.join(scratchFolder(), 'running-'));
    const temporal = { address: here, namespace: 'shop' };
    const addresses = { api: url, doors: {}, processor: url, carrier: url, temporal };
    writeFileSync(path.join(folder, 'running.json'), JSON.stringify({ supervisor: 1, children: {}, ...addresses }));
    const at = { DATA_DIR: folder, SERVICE_TOKEN: 's'.repeat(32), TEMPORAL_TLS: '' };
    const tries = await Promise.all([
      run('reconcile', [], at),
      run('reconcile', [], { ...at, TEMPORAL_ADDRESS: there }),
    ]);
    empty.close();
    const said = tries.map(({ stderr }) => /Temporal at (\S+) /.exec(stderr)?.[1] ?? stderr);
    assert.deepEqual(said, [here, there]);
  });
});
