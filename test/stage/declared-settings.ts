import { gatewaySettings } from '../../gateway/settings.ts';
import { retentionSettings } from '../../platform/events/retention.ts';
import { type Service, serviceSettings } from '../../platform/service.ts';
import { temporalSettings } from '../../platform/temporal/place.ts';
import { carrierSettings, processorSettings } from '../../sandbox/settings.ts';
import { REGISTRY, SERVICES, type ServiceName, usesTemporal } from '../../services/registry.ts';

/** The names of the settings that each process reads, by the name of its container. */
export async function declaredSettings(): Promise<Map<string, Set<string>>> {
  const services = await Promise.all(SERVICES.map(async (name) => [name, new Set(await ofService(name))] as const));
  return new Map<string, Set<string>>([
    ...services,
    ['gateway', new Set(Object.keys({ ...gatewaySettings, ...temporalSettings }))],
    ['sandbox', new Set(Object.keys({ ...processorSettings, ...carrierSettings }))],
  ]);
}

async function ofService(name: ServiceName): Promise<string[]> {
  const loaded = (await import(`../../services/${name}/service.ts`)) as Record<ServiceName, Service>;
  const { port, subscribesTo } = REGISTRY[name];
  return [
    ...Object.keys(serviceSettings(name, port)),
    ...Object.keys(retentionSettings),
    ...Object.keys(loaded[name].settings),
    ...(usesTemporal(name) ? Object.keys(temporalSettings) : []),
    ...subscribesTo.map((publisher) => `${publisher.toUpperCase()}_URL`),
  ];
}

/** Settings whose value nobody else may learn. Addresses of databases and mail servers contain a password. */
export const isSecretName = (name: string): boolean =>
  /PASSWORD|SECRET|TOKEN(?!_SECONDS)|API_KEY|PRIVATE_KEY|KEY_DATA|KEY_PATH|DATABASE_URL|SMTP_URL/.test(name);
