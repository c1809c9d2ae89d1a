import { DATABASES, SERVICES } from '../../services/registry.ts';

/** For each secret of deploy/env.example: the services of docker-compose.yml that may know it. */
export const HOLDERS: Readonly<Record<string, readonly string[]>> = {
  POSTGRES_PASSWORD: ['postgres', 'migrate'],
  TEMPORAL_DATABASE_PASSWORD: ['postgres', 'temporal', 'temporal-schema'],
  ...Object.fromEntries(
    Object.keys(DATABASES).map((name) => [`${name.toUpperCase()}_DATABASE_PASSWORD`, [name, 'migrate']]),
  ),
  SERVICE_TOKEN: [...SERVICES, 'gateway', 'reconcile'],
  CARRIER_CALLBACK_SECRET: ['gateway', 'sandbox'],
  PROCESSOR_CALLBACK_SECRET: ['payment', 'sandbox'],
  WEBHOOK_SECRET_KEY: ['webhook'],
  ADMIN_PASSWORD: ['user'],
  JWT_PRIVATE_KEY: ['gateway'],
  STRIPE_API_KEY: ['payment'],
};

/** What is wrong: a secret that a container knows and may not, or does not know and should. Empty if all is well. */
export function misplacedSecrets(
  secrets: Readonly<Record<string, string>>,
  containers: readonly { service: string; environment: readonly string[] }[],
): string[] {
  return Object.entries(secrets).flatMap(([name, value]) => {
    const expected = HOLDERS[name];
    if (!expected) return [`${name} has no list of holders`];
    return containers.flatMap(({ service, environment }) => {
      const knows = environment.some((setting) => setting.includes(value));
      const may = expected.includes(service);
      if (knows === may) return [];
      return [`${service} ${knows ? 'knows' : 'does not know'} ${name}`];
    });
  });
}
