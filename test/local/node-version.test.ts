import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { scratchFolder } from '../stage/test-run.ts';

const root = path.join(import.meta.dirname, '../..');

/** Runs a script as if by another version of Node. */
function runOn(version: string, script: string) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, script],
    { encoding: 'utf8' },
  );
  return { status, stderr };
}

const complaint = (version: string) =>
  `Node ${version} is too old: install Node 24.11 or newer (on Linux, npm ci brings one)\n`;

describe('a Node that is too old', () => {
  it('is named before npm test, and a newer one is not', () => {
    const check = path.join(root, 'local/check-node.mjs');
    for (const version of ['20.20.2', '24.10.0', '22.99.0'])
      assert.deepEqual(runOn(version, check), { status: 1, stderr: complaint(version) });
    for (const version of ['24.11.0', '24.21.0', '26.0.0'])
      assert.deepEqual(runOn(version, check), { status: 0, stderr: '' });
  });

  it('is named by npm start, unless the packages brought a newer one', () => {
    const folder = mkdtempSync(path.join(scratchFolder(), 'start-'));
    for (const file of ['start.mjs', 'node-version.mjs'])
      cpSync(path.join(root, 'local', file), path.join(folder, 'local', file));
    assert.deepEqual(runOn('20.20.2', path.join(folder, 'local/start.mjs')), {
      status: 1,
      stderr: complaint('20.20.2'),
    });
  });

  it('is one that package.json does not list', () => {
    const { engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    assert.equal(engines.node, '>=24.11');
  });
});
