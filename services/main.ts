import { createLogger } from '../platform/telemetry/logger.ts';
import { type Running, run } from '../platform/process.ts';
import type { Service } from '../platform/service.ts';
import { SERVICES, type ServiceName } from './registry.ts';

// `node --import ./platform/telemetry/tracing.ts services/main.ts payment inventory` runs these services in one
// process. Without names it runs all services.
const names = process.argv.slice(2);
const unknown = names.filter((name) => !isService(name));
if (unknown.length > 0) {
  process.stderr.write(`unknown service: ${unknown.join(', ')}; choose from ${SERVICES.join(', ')}\n`);
  process.exit(1);
}
await run(createLogger('services'), () =>
  startAll(names.length > 0 ? [...new Set(names.filter(isService))] : SERVICES),
);

function isService(name: string): name is ServiceName {
  return SERVICES.some((service) => service === name);
}

/** Starts all services concurrently. If one fails to start, closes the others. */
async function startAll(services: readonly ServiceName[]): Promise<Running> {
  // All code before the first connection: loading it can keep a busy machine longer than a connection may take.
  const loaded = await Promise.all(services.map(load));
  const outcomes = await Promise.allSettled(loaded.map((service) => service.start(process.env)));
  const running = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const close = async () => {
    await Promise.all(running.map((service) => service.close()));
  };
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failed) return { close };
  await close();
  throw failed.reason;
}

async function load(name: ServiceName): Promise<Service> {
  // Only the named services, so that a process holds no code that it does not run.
  const loaded = (await import(`./${name}/service.ts`)) as Record<ServiceName, Service>;
  return loaded[name];
}
