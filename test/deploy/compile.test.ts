import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { GATEWAY_PROGRAM } from '../../gateway/program.ts';
import { scratchFolder } from '../stage/test-run.ts';

const root = path.join(import.meta.dirname, '../..');

/** Loads what a worker's threads run, and ends. */
const THREAD = `
  import { once } from 'node:events';
  import { Worker } from 'node:worker_threads';
  const workerData = { limitMs: 1, stackTraces: false };
  const thread = new Worker('./platform/temporal/workflow-thread.ts', { workerData, execArgv: [] });
  thread.postMessage({ requestId: 1n, input: { type: 'destroy' } });
  await once(thread, 'message');
  await thread.terminate();`;

describe('deploy/compile.mjs', () => {
  const run = (words: readonly string[], more: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, words, {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: cache, ...more },
    });
  let cache: string;

  it('leaves no types to be taken out at the first start of any program', async function () {
    this.timeout(240_000);
    cache = path.join(scratchFolder(), 'compiled');
    const made = run(['deploy/compile.mjs']);
    assert.equal(made.status, 0, made.stderr);
    const start = ['--import', './platform/telemetry/tracing.ts'];
    const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
    for (const [words, more] of [
      [[...start, 'services/main.ts'], {}],
      [[...start, 'services/main.ts'], collector],
      [[...start, ...GATEWAY_PROGRAM], {}],
      [['--input-type=module', '--eval', THREAD], {}],
    ] as const) {
      const { stdout, stderr } = run(words, { ...more, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' });
      const told = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('.ts'));
      assert.ok(told.length > 0, words.join(' '));
      assert.deepEqual(
        told.filter((line) => /no transpile cache|saving transpilation cache|was rejected/.test(line)),
        [],
      );
    }
  });
});
