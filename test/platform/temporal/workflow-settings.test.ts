import assert from 'node:assert/strict';
import { readConfig } from '../../../platform/config.ts';
import { cacheOf, workflowSettings } from '../../../platform/temporal/workflow-settings.ts';

const roomFor = (environment: NodeJS.ProcessEnv, memoryMb: number) =>
  cacheOf(readConfig(workflowSettings, environment), memoryMb).maxCachedWorkflows!;

describe('the cache of workflows', () => {
  it('is as large as WORKFLOW_CACHE_MB says', () => {
    const [hundred, thousand] = [100, 1_000].map((megabytes) =>
      roomFor({ WORKFLOW_CACHE_MB: String(megabytes) }, 4_000),
    );
    assert.ok(Math.abs(thousand! / hundred! - 10) < 0.02, `${thousand} workflows in ten times the room of ${hundred}`);
  });

  it('grows with the memory there is, between two bounds', () => {
    const rooms = [128, 512, 2_048, 8_192, 65_536].map((megabytes) => roomFor({}, megabytes));
    assert.equal(rooms[0], rooms[1]);
    assert.ok(rooms[2]! > rooms[1]!);
    assert.ok(rooms[3]! > rooms[2]!);
    assert.equal(rooms[4], roomFor({ WORKFLOW_CACHE_MB: '1024' }, 65_536));
  });

  it('never gets so small that the worker refuses it', () => {
    assert.ok(roomFor({ WORKFLOW_CACHE_MB: '1' }, 64) >= 2);
  });

  it('refuses what is no amount of memory, by the name of its setting', () => {
    for (const wrong of ['0', '-1', '1.5', 'much']) {
      assert.throws(() => readConfig(workflowSettings, { WORKFLOW_CACHE_MB: wrong }), /WORKFLOW_CACHE_MB/);
    }
  });
});
