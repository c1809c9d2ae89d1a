import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { GATEWAY_PROGRAM } from '../../gateway/program.ts';
import { scratchFolder } from '../stage/test-run.ts';

const root = path.join(import.meta.dirname, '../..');

/** Loads the code of a worker's threads, and ends. */
const THREAD = `
  import { once } from 'node:events';
  import { Worker } from 'node:worker_threads';
  const workerData = { limitMs: 1, stackTraces: false };
  const thread = new Worker('./platform/temporal/workflow-thread.ts', { workerData, execArgv: [] });
  thread.postMessage({ requestId: 1n, input: { type: 'destroy' } });
  await once(thread, 'message');
  await thread.terminate();`;

describe('deploy/compile.mjs', () => {
  const run = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, args, {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: cache, ...environment },
    });
  let cache: string;

  it('stores the stripped types of every program', async function () {
    this.timeout(240_000);
    cache = path.join(scratchFolder(), 'compiled');
    const compiled = run(['deploy/compile.mjs']);
    assert.equal(compiled.status, 0, compiled.stderr);
    const start = ['--import', './platform/telemetry/tracing.ts'];
    const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
    for (const [args, environment] of [
      [[...start, 'services/main.ts'], {}],
      [[...start, 'services/main.ts'], collector],
      [[...start, ...GATEWAY_PROGRAM], {}],
      [['--input-type=module', '--eval', THREAD], {}],
      [['--input-type=module', '--eval', "await import('./platform/temporal/workflow-thread-creator.ts')"], {}],
    ] as const) {
      const { stdout, stderr } = run(args, { ...environment, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' });
      const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('.ts'));
      assert.ok(lines.length > 0, args.join(' '));
      assert.deepEqual(
        lines.filter((line) => /no transpile cache|saving transpilation cache|was rejected/.test(line)),
        [],
      );
    }
  });
});
