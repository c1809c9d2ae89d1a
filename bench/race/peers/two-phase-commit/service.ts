import { httpUrl, port, postgresUrl, readConfig, secret } from '../../../../platform/config.ts';
import { listen } from '../../../../platform/http/server.ts';
import { createServiceApi } from '../../../../platform/http/service-api.ts';
import { run } from '../../../../platform/process.ts';
import { createLogger } from '../../../../platform/telemetry/logger.ts';
import { createMetrics } from '../../../../platform/telemetry/metrics.ts';
import { createSandboxProcessor } from '../../../../services/payment/processor/sandbox.ts';
import { createSandboxCarrier } from '../../../../services/shipping/sandbox-carrier.ts';
import { PARTICIPANTS, type ParticipantName, type Participants, participantNamed } from './contract.ts';
import { openDatabases } from './databases.ts';
import { PARTICIPANT_OF } from './steps.ts';

const OPEN: { [Name in ParticipantName]: (databaseUrl: string) => Participants[Name] } = {
  inventory: (databaseUrl) => PARTICIPANT_OF.inventory(openDatabases(databaseUrl)),
  payment(databaseUrl) {
    const { PROCESSOR_URL } = readConfig({ PROCESSOR_URL: httpUrl });
    return PARTICIPANT_OF.payment(openDatabases(databaseUrl), createSandboxProcessor(PROCESSOR_URL));
  },
  shipping(databaseUrl) {
    const { CARRIER_URL } = readConfig({ CARRIER_URL: httpUrl });
    return PARTICIPANT_OF.shipping(openDatabases(databaseUrl), createSandboxCarrier(CARRIER_URL));
  },
};

// One participant, with the settings of the platform's service of that name.
const service = participantNamed(process.argv[2]);
const logger = createLogger(service);
await run(logger, () => {
  const [portSetting, urlSetting] = [`${service.toUpperCase()}_PORT`, `${service.toUpperCase()}_DATABASE_URL`];
  const config = readConfig({ [portSetting]: port(0), [urlSetting]: postgresUrl, SERVICE_TOKEN: secret }) as Record<
    string,
    string
  >;
  const serviceApi = createServiceApi({
    requests: { operations: PARTICIPANTS[service], implementation: OPEN[service](config[urlSetting]!) },
    ready: async () => undefined,
    token: config.SERVICE_TOKEN!,
    logger,
    metrics: createMetrics(service),
  });
  return listen(serviceApi, { port: Number(config[portSetting]), setting: portSetting });
});
