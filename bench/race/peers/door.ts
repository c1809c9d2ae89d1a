import { readConfig, port, secret } from '../../../platform/config.ts';
import { createServiceApi } from '../../../platform/http/service-api.ts';
import { listen } from '../../../platform/http/server.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import { run } from '../../../platform/process.ts';
import { openSteps, serviceNamed } from './steps.ts';

// One service behind the platform's own kind of door, without a worker: for peers that ask over HTTP.
const service = serviceNamed(process.argv[2]);
const logger = createLogger(service);
await run(logger, () => {
  const setting = `${service.toUpperCase()}_PORT`;
  const config = readConfig({ [setting]: port(0), SERVICE_TOKEN: secret }) as Record<string, string>;
  const door = createServiceApi({
    requests: { operations: {}, implementation: {} },
    activities: openSteps(service, process.env),
    ready: async () => undefined,
    token: config.SERVICE_TOKEN!,
    logger,
    metrics: createMetrics(service),
  });
  return listen(door, { port: Number(config[setting]), setting });
});
