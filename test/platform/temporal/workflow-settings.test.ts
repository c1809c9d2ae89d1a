import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ThreadedVMWorkflowCreator } from '@temporalio/worker/lib/workflow/threaded-vm.js';
import { readConfig } from '../../../platform/config.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { cacheOf, workflowOptions, workflowSettings } from '../../../platform/temporal/workflow-settings.ts';
import { chooseWorkflowThreads } from '../../../platform/temporal/workflow-threads.ts';

const cacheSizeFor = (environment: NodeJS.ProcessEnv, memoryMb: number) =>
  cacheOf(readConfig(workflowSettings, environment), memoryMb).maxCachedWorkflows!;

describe('the workflow threads', () => {
  /** The source of the function that starts the threads. */
  const starter = () => String(Reflect.get(ThreadedVMWorkflowCreator, 'create'));
  afterEach(async () => {
    await chooseWorkflowThreads({ watchdog: 'entry', stackTraces: true });
  });

  /** Starts as often with this version of the SDK as a process has services with workflows; returns its warnings. */
  async function startWith(version: string, environment: NodeJS.ProcessEnv = {}): Promise<string[]> {
    const lines: string[] = [];
    const logger = createLogger('test', 'emerg');
    logger.warn = ((message: string, details: object) => lines.push(JSON.stringify([message, details]))) as never;
    for (const _service of ['order', 'cart']) {
      await workflowOptions(readConfig(workflowSettings, environment), logger, version);
    }
    return lines;
  }

  it('are ours with the installed version of the SDK, which is a tested one', async () => {
    const sdk = JSON.parse(readFileSync('node_modules/@temporalio/worker/package.json', 'utf8')) as { version: string };
    assert.deepEqual(await startWith(sdk.version), []);
    assert.match(starter(), /createThreads/);
  });

  it('are the SDK’s with any other version, and one line of the log says so', async () => {
    assert.deepEqual(await startWith('1.25.0', { WORKFLOW_WATCHDOG: 'entry' }), []);
    const lines = await startWith('1.25.0');
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /was not tested.*"sdkVersion":"1\.25\.0","tested":\["1\.24\.0"/);
    assert.doesNotMatch(starter(), /createThreads/);
  });
});

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
