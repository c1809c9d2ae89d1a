import { NativeConnection } from '@temporalio/worker';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { installTemporalRuntime } from '../../../platform/temporal/worker.ts';
import { chooseWorkflowThreads } from '../../../platform/temporal/workflow-threads.ts';
import { residentMemory } from '../../memory.ts';
import { createOrderWorker } from './workers.ts';

// The order service's worker in a process of its own, so that its memory can be measured. open-orders.ts starts it.
const { address, maxCachedWorkflows, stackTraces } = JSON.parse(process.argv[2]!) as {
  address: string;
  maxCachedWorkflows: number;
  stackTraces: boolean;
};
await installTemporalRuntime(createLogger('bench', 'error'));
await chooseWorkflowThreads({ watchdog: 'activation', stackTraces });
const connection = await NativeConnection.connect({ address });
const worker = await createOrderWorker(connection, { maxCachedWorkflows }, (confirmed) => process.send!({ confirmed }));
process.on('message', () =>
  process.send!({ memory: residentMemory(process.pid), cached: worker.getStatus().numCachedWorkflows }),
);
process.on('disconnect', () => process.exit(0));
process.send!({ running: true });
await worker.run();
