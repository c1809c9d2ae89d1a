import { SettingError, readConfig } from '../platform/config.ts';
import { withContext } from '../platform/context.ts';
import { createLogger } from '../platform/telemetry/logger.ts';
import { type Running, run } from '../platform/process.ts';
import { startCarrier } from './carrier.ts';
import { startProcessor } from './processor.ts';
import { carrierSettings, processorSettings } from './settings.ts';

/** Each function reads its settings and returns a function that starts the server. */
const servers: Readonly<Record<string, () => () => Promise<Running>>> = {
  processor() {
    const config = readConfig(processorSettings);
    const logger = createLogger('processor');
    const { PROCESSOR_PORT: port, HOST: host, SANDBOX_DATA: folder, PROCESSOR_PUBLIC_URL: publicUrl } = config;
    const callback = { url: config.PROCESSOR_CALLBACK_URL, secret: config.PROCESSOR_CALLBACK_SECRET };
    return () => startProcessor({ port, host, folder, callback, publicUrl, logger });
  },
  carrier() {
    const config = readConfig(carrierSettings);
    const logger = createLogger('carrier');
    const { CARRIER_PORT: port, HOST: host, SANDBOX_DATA: folder, CARRIER_PACE_SECONDS: paceSeconds } = config;
    const callback = { url: config.CARRIER_CALLBACK_URL, secret: config.CARRIER_CALLBACK_SECRET };
    const promiseDays = config.CARRIER_PROMISE_DAYS;
    return () => startCarrier({ port, host, folder, callback, paceSeconds, promiseDays, logger });
  },
};

/** Runs the servers named on the command line, or both. */
async function start(): Promise<Running> {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(servers);
  const unknown = names.find((name) => !Object.hasOwn(servers, name));
  if (unknown !== undefined) {
    throw new SettingError(`unknown sandbox server ${unknown}: choose from ${Object.keys(servers).join(' and ')}`);
  }
  const starters = [...new Set(names)].map((name) => [name, servers[name]!()] as const);
  const running: Running[] = [];
  for (const [service, starter] of starters) running.push(await withContext({ service }, starter));
  return { close: async () => void (await Promise.all(running.map((server) => server.close()))) };
}

await run(createLogger('sandbox'), start);
