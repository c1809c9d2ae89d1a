import { readConfig, port, secret } from '../../../platform/config.ts';
import { createServiceApi } from '../../../platform/http/service-api.ts';
import { listen } from '../../../platform/http/server.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import { run } from '../../../platform/process.ts';
import { openSteps, serviceNamed } from './steps.ts';

// One service behind the platform's service API, without a worker: for peers that call services over HTTP.
const service = serviceNamed(process.argv[2]);
const logger = createLogger(service);
await run(logger, () => {
  const setting = `${service.toUpperCase()}_PORT`;
  const config = readConfig({ [setting]: port(0), SERVICE_TOKEN: secret }) as Record<string, string>;
  const serviceApi = createServiceApi({
    requests: { operations: {}, implementation: {} },
    activities: openSteps(service, process.env),
    ready: async () => undefined,
    token: config.SERVICE_TOKEN!,
    logger,
    metrics: createMetrics(service),
  });
  return listen(serviceApi, { port: Number(config[setting]), setting });
});
