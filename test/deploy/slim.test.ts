import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
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

describe('deploy/slim.mjs', function () {
  this.timeout(300_000);
  let folder: string;

  before(() => {
    folder = path.join(scratchFolder(), 'slim');
    mkdirSync(folder);
    for (const source of [...SOURCES, 'package.json']) {
      cpSync(path.join(root, source), path.join(folder, source), { recursive: true });
    }
    // Hard links: the script deletes files, which takes nothing from the original.
    const copied = spawnSync('cp', ['-Rl', path.join(root, 'node_modules'), folder], { encoding: 'utf8' });
    assert.equal(copied.status, 0, copied.stderr);
  });

  const run = (script: string, environment: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, [script], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...environment },
    });

  it('deletes nothing before the workflows are bundled', () => {
    const { status, stderr } = run('deploy/slim.mjs');
    assert.deepEqual([status, stderr], [1, 'bundle the workflows first: what bundles them would be deleted\n']);
    assert.ok(readdirSync(path.join(folder, 'node_modules')).includes('terser'));
  });

  it('leaves what every process, service and workflow thread loads, and little else', () => {
    mkdirSync(path.join(folder, '.cache'));
    writeFileSync(path.join(folder, '.cache/workflows-0.js'), '');
    const slimmed = run('deploy/slim.mjs');
    assert.deepEqual([slimmed.status, slimmed.stderr], [0, '']);
    const packages = path.join(folder, 'node_modules');
    assert.equal(readdirSync(path.join(packages, '@temporalio/core-bridge/releases')).length, 1);
    assert.deepEqual(globSync(['**/*.map', '**/*.d.ts', '@swc/*', 'node-linux-*'], { cwd: packages }), []);
    // Starts every program, loads every service and runs a workflow thread.
    const compiled = run('deploy/compile.mjs', { NODE_COMPILE_CACHE: path.join(folder, 'compiled') });
    assert.equal(compiled.status, 0, compiled.stderr);
    const reconciled = run('tools/reconcile.ts', { SERVICE_TOKEN: 'token', ORDER_URL: 'none' });
    assert.deepEqual([reconciled.status, reconciled.stderr], [2, 'ORDER_URL must be an http:// URL, not "none"\n']);
  });
});
