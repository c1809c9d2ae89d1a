import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mock } from 'node:test';
import { rotateLogs } from '../../local/logs.ts';
import { startNodeProcess } from '../../local/node-process.ts';
import { bareEnvironment } from '../stage/bare-environment.ts';
import { freePorts } from '../stage/free-ports.ts';
import { scratchFolder } from '../stage/test-run.ts';

describe('logs of npm start', function () {
  this.timeout(60_000);
  let logs: string;
  beforeEach(() => {
    logs = mkdtempSync(path.join(scratchFolder(), 'logs-'));
  });

  it('may be deleted while their process runs, whose end is still reported', async () => {
    const { port } = await freePorts('port');
    const serves = `require('node:http').createServer((_, response) => response.end()).listen(${port}, '127.0.0.1')`;
    const plan = {
      name: 'shop',
      program: ['--eval', serves],
      environment: bareEnvironment(),
      ready: [`http://127.0.0.1:${port}`],
    };
    const running = await startNodeProcess(plan, { logs, signal: new AbortController().signal });
    rmSync(logs, { recursive: true });
    await running.close();
    assert.match(await running.ended, /^exit SIGTERM \(log: .*shop\.log\)$/);
  });

  it('are rotated when they are large, and ignored when their folder is deleted', () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const stop = rotateLogs(logs);
    try {
      const file = path.join(logs, 'shop.log');
      writeFileSync(file, '');
      truncateSync(file, 51 * 1024 * 1024);
      mock.timers.tick(60_000);
      assert.deepEqual(readdirSync(logs).toSorted(), ['shop.log', 'shop.log.1']);
      rmSync(logs, { recursive: true });
      mock.timers.tick(60_000);
    } finally {
      stop();
      mock.timers.reset();
    }
  });
});
