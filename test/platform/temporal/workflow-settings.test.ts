import assert from 'node:assert/strict';
import { readConfig } from '../../../platform/config.ts';
import { cacheOf, workflowSettings } from '../../../platform/temporal/workflow-settings.ts';

const cacheSizeFor = (environment: NodeJS.ProcessEnv, memoryMb: number) =>
  cacheOf(readConfig(workflowSettings, environment), memoryMb).maxCachedWorkflows!;

describe('the workflow cache', () => {
  it('is as large as WORKFLOW_CACHE_MB says', () => {
    const [hundred, thousand] = [100, 1_000].map((megabytes) =>
      cacheSizeFor({ WORKFLOW_CACHE_MB: String(megabytes) }, 4_000),
    );
    assert.ok(
      Math.abs(thousand! / hundred! - 10) < 0.02,
      `${thousand} workflows in ten times the memory of ${hundred}`,
    );
  });

  it('grows with the available memory, between two bounds', () => {
    const sizes = [128, 512, 2_048, 8_192, 65_536].map((megabytes) => cacheSizeFor({}, megabytes));
    assert.equal(sizes[0], sizes[1]);
    assert.ok(sizes[2]! > sizes[1]!);
    assert.ok(sizes[3]! > sizes[2]!);
    assert.equal(sizes[4], cacheSizeFor({ WORKFLOW_CACHE_MB: '1024' }, 65_536));
  });

  it('is never too small for the worker', () => {
    assert.ok(cacheSizeFor({ WORKFLOW_CACHE_MB: '1' }, 64) >= 2);
  });

  it('refuses an invalid amount of memory and names the setting', () => {
    for (const wrong of ['0', '-1', '1.5', 'much']) {
      assert.throws(() => readConfig(workflowSettings, { WORKFLOW_CACHE_MB: wrong }), /WORKFLOW_CACHE_MB/);
    }
  });
});
