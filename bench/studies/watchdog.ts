import { readFileSync } from 'node:fs';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { type ReplayWorkerOptions, Worker } from '@temporalio/worker';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { installTemporalRuntime } from '../../platform/temporal/worker.ts';
import { type WorkflowThreads, chooseWorkflowThreads } from '../../platform/temporal/workflow-threads.ts';
import { type Cost, compare, numberFrom } from './compare.ts';

// `node bench/studies/watchdog.ts [--rounds R] [--times T]`: what it costs to guard and to watch workflows, the SDK's way and
// ours. Every recorded history is replayed T times in the threads of a real worker: the same activations as when the
// orders were carried, and neither a server nor a service that would take CPU beside them.
const ARMS: Record<string, WorkflowThreads> = {
  'a watchdog an entry, stack traces (the SDK)': { watchdog: 'entry', stackTraces: true },
  'a watchdog an activation, stack traces': { watchdog: 'activation', stackTraces: true },
  'a watchdog an activation': { watchdog: 'activation', stackTraces: false },
};

const times = numberFrom('--times', 5);
await installTemporalRuntime(createLogger('bench', 'error'));
const bundle = await workflowBundle(path.join(import.meta.dirname, '../../.cache'));
const histories = path.join(import.meta.dirname, '../../test/histories/recorded');
const read = (file: string): unknown => JSON.parse(readFileSync(path.join(histories, file), 'utf8'));
const recorded = (read('manifest.json') as { file: string; workflowId: string }[]).map(({ file, workflowId }) => ({
  workflowId,
  history: historyFromJSON(read(file)),
}));

await compare(Object.entries(ARMS), numberFrom('--rounds', 5), (threads) => {
  chooseWorkflowThreads(threads);
  return replay();
});

/** Replays everything once to get warm and then `times` times, and tells what one history took. */
async function replay(): Promise<Cost> {
  // A replay runs in the main thread unless it is told otherwise.
  const options: ReplayWorkerOptions & { debugMode: boolean } = { workflowBundle: bundle, debugMode: false };
  const replayed = Array.from({ length: 1 + times }, () => recorded).flat();
  let left = replayed.length;
  let start = { at: 0, cpu: process.cpuUsage() };
  for await (const { error } of Worker.runReplayHistories(options, replayed)) {
    if (error) throw error;
    left -= 1;
    if (left === times * recorded.length) start = { at: performance.now(), cpu: process.cpuUsage() };
  }
  const { user, system } = process.cpuUsage(start.cpu);
  return {
    cpuMs: (user + system) / 1_000 / (times * recorded.length),
    ordersPerSecond: ((times * recorded.length) / (performance.now() - start.at)) * 1_000,
  };
}
