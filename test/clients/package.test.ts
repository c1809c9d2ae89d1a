import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { scratchFolder } from '../stage/test-run.ts';

const root = path.join(import.meta.dirname, '../..');
const run = promisify(execFile);
const NPM_OPTIONS = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier'];
/** Besides the one that runs the tests, the machine's own, which may be older. */
const NODES = ['/usr/bin/node', '/usr/local/bin/node'].filter((file) => existsSync(file));

/** The API as far as the README's example needs it. */
function startFakeApi(): Promise<Server> {
  const server = createServer((request, response) => {
    const json = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    request.resume();
    if (request.url === '/v1/sessions') return json(201, { accessToken: 'a token' });
    if (request.headers.authorization !== 'Bearer a token') return json(401, { code: 'Unauthorized' });
    if (request.url === '/v1/orders')
      return request.headers['idempotency-key']
        ? json(202, { id: 'one', status: 'pending' })
        : json(428, { code: 'IdempotencyKeyRequired' });
    if (request.url !== '/v1/orders/one/events') return json(404, { code: 'NotFound' });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 1000\n\n: heartbeat\n\nid: 1\nevent: step\ndata: {"step":"record","outcome":"succ');
    // The rest stays open, as for a real order.
    return response.write('eeded"}\n\nid: 2\nevent: step\ndata: {"step":"confirm","outcome":"succeeded"}\n\n');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe('the package of the typed client', function () {
  this.timeout(120_000);
  let project: string;
  let server: Server;
  const shipped = (file: string) => path.join(project, 'node_modules/order-platform-client', file);

  /** Packs a folder, and returns the tarball's file. */
  async function pack(folder: string, ...options: string[]): Promise<string> {
    const { stdout } = await run('npm', ['pack', '--json', '--offline', '--pack-destination', project, ...options], {
      cwd: folder,
      env: { ...process.env, PATH: `${path.join(root, 'node_modules/.bin')}:${process.env.PATH}` },
    });
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }];
    return path.join(project, filename);
  }

  before(async () => {
    const scratch = mkdtempSync(path.join(scratchFolder(), 'client-'));
    // Built from a copy, so that no test writes into the project.
    const source = path.join(scratch, 'source');
    cpSync(path.join(root, 'clients/typescript'), source, {
      recursive: true,
      filter: (file) => !/node_modules|dist$/.test(path.relative(root, file)),
    });
    symlinkSync(path.join(root, 'node_modules'), path.join(source, 'node_modules'));
    project = path.join(scratch, 'project');
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), '{ "type": "module", "private": true }');
    const client = await pack(source);
    const dependencies = ['openapi-fetch', 'openapi-typescript-helpers'].map((name) =>
      pack(path.join(root, 'node_modules', name), '--ignore-scripts'),
    );
    await run('npm', ['install', ...NPM_OPTIONS, client, ...(await Promise.all(dependencies))], { cwd: project });
    server = await startFakeApi();
    const example = /```ts\n([^]*?)```/.exec(readFileSync(shipped('README.md'), 'utf8'))![1]!;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeFileSync(path.join(project, 'example.ts'), example.replace('http://127.0.0.1:3000', url));
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  it('has types with which the README’s example compiles', async () => {
    const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom', '--types', ''];
    const tsc = path.join(root, 'node_modules/.bin/tsc');
    const wrong = "import { createClient } from 'order-platform-client'; createClient({ baseUrl: 1 });";
    writeFileSync(path.join(project, 'wrong.ts'), wrong);
    await run(tsc, [...options, 'example.ts'], { cwd: project });
    await assert.rejects(run(tsc, [...options, '--noEmit', 'wrong.ts'], { cwd: project }), ({ stdout }) =>
      /TS2322/.test(String(stdout)),
    );
  });

  for (const node of [process.execPath, ...NODES]) {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    it(`runs the README’s example on Node ${version}`, async () => {
      const { stdout } = await run(node, ['example.js'], { cwd: project, timeout: 20_000 });
      assert.equal(stdout, 'one pending\nrecord succeeded\nconfirm succeeded\n');
    });
  }

  it('imports nothing that a browser does not have', () => {
    for (const file of [shipped('dist/index.js'), path.join(project, 'node_modules/openapi-fetch/dist/index.mjs')]) {
      const imports = [...readFileSync(file, 'utf8').matchAll(/\b(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g)];
      assert.deepEqual(
        imports.map(([, specifier]) => specifier).filter((specifier) => specifier !== 'openapi-fetch'),
        [],
      );
    }
  });

  it('contains the build, its types and the README, and no sources', () => {
    for (const file of ['dist/index.js', 'dist/index.d.ts', 'dist/schema.d.ts', 'README.md'])
      assert.ok(existsSync(shipped(file)), file);
    for (const file of ['index.ts', 'generate.mjs', 'tsconfig.json']) assert.ok(!existsSync(shipped(file)), file);
  });
});
