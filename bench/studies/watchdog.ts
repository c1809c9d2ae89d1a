import { readFileSync } from 'node:fs';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { type ReplayWorkerOptions, Worker } from '@temporalio/worker';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { installTemporalRuntime } from '../../platform/temporal/worker.ts';
import { type WorkflowThreads, chooseWorkflowThreads } from '../../platform/temporal/workflow-threads.ts';
import { type Cost, compare } from './compare.ts';
import { studyOptions } from './options.ts';

// What do the deadlock watchdog and the stack traces of workflows cost, with the SDK's thread and with ours?
//   node bench/studies/watchdog.ts [--rounds R] [--times T]
// Replays every recorded history T times in the threads of a real worker: the same activations as in production, without
// the CPU of a server or of services. Prints CPU per history (as "per order") and histories per second of each variant, as
// ratios to the SDK's.
const ARMS: Record<string, WorkflowThreads> = {
  'a watchdog per entry, stack traces (the SDK)': { watchdog: 'entry', stackTraces: true },
  'a watchdog per activation, stack traces': { watchdog: 'activation', stackTraces: true },
  'a watchdog per activation': { watchdog: 'activation', stackTraces: false },
};

const { times, rounds } = studyOptions({ times: 5, rounds: 5 });
await installTemporalRuntime(createLogger('bench', 'error'));
const bundle = await workflowBundle(path.join(import.meta.dirname, '../../.cache'));
const histories = path.join(import.meta.dirname, '../../test/histories/recorded');
const read = (file: string): unknown => JSON.parse(readFileSync(path.join(histories, file), 'utf8'));
const recorded = (read('manifest.json') as { file: string; workflowId: string }[]).map(({ file, workflowId }) => ({
  workflowId,
  history: historyFromJSON(read(file)),
}));

await compare(Object.entries(ARMS), rounds, async (threads) => {
  await chooseWorkflowThreads(threads);
  return replay();
});

/** Replays everything once to warm up and then `times` times; returns the cost of one history. */
async function replay(): Promise<Cost> {
  // By default a replay runs in the main thread.
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
