import assert from 'node:assert/strict';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Worker, type WorkflowBundleOption, bundleWorkflowCode } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { installTemporalRuntime } from '../../platform/temporal/worker.ts';
import { type Recorded, readHistory, readManifest, recordedFiles } from './manifest.ts';
import { SCENARIOS } from '../stage/scenarios.ts';

/** The gate for every deployment: the current workflows must continue every recorded history. */
describe('replay gate', function () {
  this.timeout(180_000);
  const manifest = readManifest();
  let current: Map<string, Error | undefined>;
  before(async () => {
    await installTemporalRuntime(createLogger('test', 'error'));
    current = await replayAll(await workflowBundle(path.join(import.meta.dirname, '../../.cache')), manifest);
  });

  /** The outcome of each history, by its file. One worker replays them all, because starting a worker takes longest. */
  async function replayAll(
    bundle: WorkflowBundleOption,
    recorded: readonly Recorded[],
  ): Promise<Map<string, Error | undefined>> {
    const histories = recorded.map(({ file, workflowId }) => ({
      workflowId,
      history: historyFromJSON(readHistory(file)),
    }));
    const files = new Map(recorded.map(({ file, workflowId }) => [workflowId, file]));
    const outcomes = new Map<string, Error | undefined>();
    for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: bundle }, histories)) {
      outcomes.set(files.get(workflowId)!, error);
    }
    return outcomes;
  }

  it('has a history of every scenario', () => {
    const recorded = new Set(manifest.map(({ scenario }) => scenario));
    const missing = Object.keys(SCENARIOS).filter((scenario) => !recorded.has(scenario));
    assert.deepEqual(missing, [], 'run npm run record-histories');
  });

  it('lists exactly the recorded files', () => {
    assert.deepEqual(recordedFiles().toSorted(), manifest.map(({ file }) => file).toSorted());
  });

  for (const { file } of manifest) {
    it(`replays ${file}`, () => {
      assert.ok(current.has(file), 'was not replayed');
      assert.ifError(current.get(file));
    });
  }

  it('catches an incompatible change', async () => {
    const bundle = await bundleWorkflowCode({
      workflowsPath: path.join(import.meta.dirname, 'incompatible.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    // One of each scenario: the gate either works or does not.
    const some = [...new Map(manifest.map((recorded) => [recorded.scenario, recorded])).values()];
    const outcomes = await replayAll(bundle, some);
    for (const { file } of some) {
      const error = outcomes.get(file);
      assert.ok(error instanceof DeterminismViolationError, `${file}: ${String(error)}`);
    }
  });
});
