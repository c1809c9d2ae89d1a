import path from 'node:path';
import { readConfig } from '../../../../platform/config.ts';
import { createLogger } from '../../../../platform/telemetry/logger.ts';
import { run } from '../../../../platform/process.ts';
import { readTemporalPlace } from '../../../../platform/temporal/place.ts';
import { installTemporalRuntime, keepWorking } from '../../../../platform/temporal/worker.ts';
import { workflowOptions, workflowSettings } from '../../../../platform/temporal/workflow-settings.ts';
import type { PlacedOrder } from '../order.ts';
import { type Outcome, placeOrder } from '../saga.ts';
import { stepsOverHttp } from '../services.ts';

export interface Floor {
  placeInOneGo(order: PlacedOrder): Promise<Outcome>;
}

// The work of `direct` as the only local activity of a workflow, on the platform's own worker with its shipped options.
const logger = createLogger('order');
await run(logger, async () => {
  const config = readConfig(workflowSettings);
  const steps = stepsOverHttp(process.env);
  const activities: Floor = { placeInOneGo: (order) => placeOrder(order, steps) };
  await installTemporalRuntime(logger);
  return keepWorking(
    readTemporalPlace(process.env),
    {
      taskQueue: 'order',
      workflowsPath: path.join(import.meta.dirname, 'workflow.ts'),
      activities: { ...activities },
      ...(await workflowOptions(config, logger)),
    },
    logger,
  );
});
