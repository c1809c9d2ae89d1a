import assert from 'node:assert/strict';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { workflowBundle } from '../../platform/bundle.ts';
import { createLogger } from '../../platform/logger.ts';
import { installTemporalRuntime } from '../../platform/worker.ts';
import { readHistory, readManifest, recordedFiles } from './manifest.ts';
import { SCENARIOS } from './scenarios.ts';

/** The gate in front of every deployment: workflows as they are now carry on every order as it was. */
describe('replay gate', function () {
  this.timeout(60_000);
  const manifest = readManifest();
  before(() => installTemporalRuntime(createLogger('test', 'error')));

  it('has a history of every end state and branch', () => {
    const recorded = new Set(manifest.map(({ scenario }) => scenario));
    const missing = Object.keys(SCENARIOS).filter((scenario) => !recorded.has(scenario));
    assert.deepEqual(missing, [], 'run npm run record-histories');
  });

  it('lists every file, and every file is there', () => {
    assert.deepEqual(recordedFiles().toSorted(), manifest.map(({ file }) => file).toSorted());
  });

  for (const { file, workflowId } of manifest) {
    it(`replays ${file}`, async () => {
      const bundle = await workflowBundle(path.join(import.meta.dirname, '../../.cache'));
      await Worker.runReplayHistory({ workflowBundle: bundle }, historyFromJSON(readHistory(file)), workflowId);
    });
  }

  it('catches an incompatible change', async () => {
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: path.join(import.meta.dirname, 'incompatible.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    for (const { file, workflowId } of manifest) {
      const replay = Worker.runReplayHistory({ workflowBundle }, historyFromJSON(readHistory(file)), workflowId);
      await assert.rejects(replay, DeterminismViolationError, file);
    }
  });
});
