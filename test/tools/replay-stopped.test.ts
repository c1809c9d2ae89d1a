import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { ReportFile } from '../../tools/report-file.ts';
import { bareEnvironment } from '../stage/bare-environment.ts';
import { scratchFolder } from '../stage/test-run.ts';
import { aFile, csvOf } from './builders.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const folder = () => mkdtempSync(path.join(scratchFolder(), 'stopped-'));
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;

const ORDER = { id: '00000000-0000-4000-8000-000000000001', status: 'confirmed' };
const TOKENS = { accessToken: 'a', expiresIn: 900, refreshToken: 'r' };

describe('a replay that is stopped', function () {
  // Loads the whole tool, on a machine that may be busy with other tests.
  this.timeout(60_000);

  it('finishes the order it has begun, starts no other, and writes its report', async () => {
    const placing: ServerResponse[] = [];
    const respond = (response: ServerResponse, status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const server = createServer((request, response) => {
      if (request.url === '/v1/sessions') respond(response, 201, TOKENS);
      else if (request.url !== '/v1/orders') respond(response, 200, {});
      else if (placing.push(response) === 1) child.kill('SIGINT');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const file = aFile(csvOf({ InvoiceNo: '1' }, { InvoiceNo: '2' }));
    const report = path.join(folder(), 'report.json');
    const child = spawn(
      process.execPath,
      ['tools/replay.ts', file, '--json', report, '--api', url, '--concurrency', '1'],
      { cwd: ROOT, env: { ...bareEnvironment(), DATA_DIR: folder() }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      const before = told.includes('finishing');
      told += chunk.toString();
      if (!before && told.includes('finishing')) respond(placing[0]!, 201, ORDER);
    });
    const [code] = (await once(child, 'close')) as [number];
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    assert.equal(code, 130, told);
    const { outcome, invoices, placed, failures } = read(report);
    assert.deepEqual([outcome, invoices, placed, failures], ['interrupted', 1, 1, []]);
  });
});

describe('a report', () => {
  it('says from the start of the run that the run did not end', () => {
    const file = path.join(folder(), 'report.json');
    const report = new ReportFile(file);
    assert.deepEqual(read(file), { outcome: 'failed', error: 'the run ended before it wrote its report' });
    report.write({ outcome: 'completed', placed: 1 });
    assert.deepEqual(read(file), { outcome: 'completed', placed: 1 });
  });
});
