import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GATEWAY_PROGRAM } from '../../gateway/program.ts';
import { SERVICES_PROGRAM } from '../../services/program.ts';
import { scratchFolder } from '../stage/test-run.ts';

const root = path.join(import.meta.dirname, '../..');
// As the Dockerfile copies them.
const SOURCES = [
  'activities',
  'workflows',
  'platform',
  'services',
  'gateway',
  'sandbox',
  'tools',
  'local/lock-file.ts',
  'deploy',
];

/** Loads the code of a worker's threads, and ends. */
const THREAD = `
  import { once } from 'node:events';
  import { Worker } from 'node:worker_threads';
  const workerData = { limitMs: 1, stackTraces: false };
  const thread = new Worker('./platform/temporal/workflow-thread.ts', { workerData, execArgv: [] });
  thread.postMessage({ requestId: 1n, input: { type: 'destroy' } });
  await once(thread, 'message');
  await thread.terminate();`;

const TRACING = ['--import', './platform/telemetry/tracing.ts'];
/** What a process of the image runs. With a collector, other modules are loaded than without. */
const PROGRAMS: readonly (readonly [args: readonly string[], environment?: NodeJS.ProcessEnv])[] = [
  [[...TRACING, ...SERVICES_PROGRAM]],
  [[...TRACING, ...SERVICES_PROGRAM], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }],
  [[...TRACING, ...GATEWAY_PROGRAM]],
  [['--input-type=module', '--eval', THREAD]],
  [['--input-type=module', '--eval', "await import('./platform/temporal/workflow-thread-creator.ts')"]],
];

// Like the Dockerfile, deploy/compile.mjs runs after deploy/slim.mjs.
describe('deploy/slim.mjs and deploy/compile.mjs', function () {
  this.timeout(300_000);
  let folder: string;
  let cache: string;

  before(() => {
    folder = path.join(scratchFolder(), 'slim');
    cache = path.join(folder, 'compiled');
    mkdirSync(folder);
    for (const source of [...SOURCES, 'package.json']) {
      cpSync(path.join(root, source), path.join(folder, source), { recursive: true });
    }
    const packages = path.join(root, 'node_modules');
    // Hard links where the file system is the same: the script deletes files, which takes nothing from the original.
    const options = statSync(packages).dev === statSync(folder).dev ? '-Rl' : '-R';
    const copied = spawnSync('cp', [options, packages, folder], { encoding: 'utf8' });
    assert.equal(copied.status, 0, copied.stderr);
  });

  const run = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...environment },
    });

  it('delete nothing before the workflows are bundled', () => {
    const { status, stderr } = run(['deploy/slim.mjs']);
    assert.deepEqual([status, stderr], [1, 'bundle the workflows first: what bundles them would be deleted\n']);
    assert.ok(readdirSync(path.join(folder, 'node_modules')).includes('terser'));
  });

  it('leave what every process, service and workflow thread loads, and little else', () => {
    mkdirSync(path.join(folder, '.cache'));
    writeFileSync(path.join(folder, '.cache/workflows-0.js'), '');
    const slimmed = run(['deploy/slim.mjs']);
    assert.deepEqual([slimmed.status, slimmed.stderr], [0, '']);
    const packages = path.join(folder, 'node_modules');
    assert.equal(readdirSync(path.join(packages, '@temporalio/core-bridge/releases')).length, 1);
    assert.deepEqual(globSync(['**/*.map', '**/*.d.ts', '@swc/*', 'node-linux-*'], { cwd: packages }), []);
    // Starts every program, loads every service and runs a workflow thread.
    const compiled = run(['deploy/compile.mjs'], { NODE_COMPILE_CACHE: cache });
    assert.equal(compiled.status, 0, compiled.stderr);
    const reconciled = run(['tools/reconcile.ts'], { SERVICE_TOKEN: 'token', ORDER_URL: 'none' });
    assert.deepEqual([reconciled.status, reconciled.stderr], [2, 'ORDER_URL must be an http:// URL, not "none"\n']);
  });

  it('store every program with its types stripped', () => {
    for (const [args, environment] of PROGRAMS) {
      const settings = { ...environment, NODE_COMPILE_CACHE: cache, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
      const { stdout, stderr } = run(args, settings);
      const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('.ts'));
      assert.ok(lines.length > 0, args.join(' '));
      assert.deepEqual(
        lines.filter((line) => /no transpile cache|saving transpilation cache|was rejected/.test(line)),
        [],
      );
    }
  });
});
