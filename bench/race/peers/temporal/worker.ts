import path from 'node:path';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createLogger } from '../../../../platform/telemetry/logger.ts';
import { run } from '../../../../platform/process.ts';
import { readTemporalPlace } from '../../../../platform/temporal/place.ts';
import { translateRefusals } from '../../../../platform/temporal/worker.ts';
import { functionsOf, openSteps, serviceNamed } from '../steps.ts';

// One service's worker on the queue of its name, with the SDK's defaults. The order service's also runs the workflow.
const service = serviceNamed(process.argv[2]);
await run(createLogger(service), async () => {
  Runtime.install({ shutdownSignals: [] });
  const { address, namespace } = readTemporalPlace(process.env);
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: service,
    activities: functionsOf(openSteps(service, process.env)),
    interceptors: { activity: [translateRefusals] },
    ...(service === 'order' && { workflowsPath: path.join(import.meta.dirname, 'workflow.ts') }),
  });
  const ended = worker.run();
  return {
    async close() {
      worker.shutdown();
      await ended;
      await connection.close();
    },
  };
});
