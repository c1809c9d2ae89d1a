import { readFileSync } from 'node:fs';
import { NativeConnection } from '@temporalio/worker';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { installTemporalRuntime } from '../../platform/temporal/worker.ts';
import { chooseWorkflowThreads } from '../../platform/temporal/workflow-threads.ts';
import { createOrderWorker } from './order-worker.ts';

// Started by open-orders.ts: the order service's worker in a process of its own, so that its memory is its own.
const { address, ...options } = JSON.parse(process.argv[2]!) as {
  address: string;
  maxCachedWorkflows: number;
  stackTraces: boolean;
};
await installTemporalRuntime(createLogger('bench', 'error'));
chooseWorkflowThreads({ watchdog: 'activation', stackTraces: options.stackTraces });
const connection = await NativeConnection.connect({ address });
const { maxCachedWorkflows } = options;
const worker = await createOrderWorker(connection, { maxCachedWorkflows }, (confirmed) => process.send!({ confirmed }));
process.on('message', () => process.send!({ memory: memory(), cached: worker.getStatus().numCachedWorkflows }));
process.on('disconnect', () => process.exit(0));
process.send!({ running: true });
await worker.run();

/** Megabytes of this process in memory, and the most there ever were. */
function memory(): { now: number; most: number } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1_024;
  return { now: field('VmRSS'), most: field('VmHWM') };
}
