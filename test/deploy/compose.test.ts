import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { type DatabaseName, DATABASES, REGISTRY, SERVICES } from '../../services/registry.ts';
import type { ProcessPlan } from '../../local/node-process.ts';
import {
  type Ports,
  type Surroundings,
  databaseUrl,
  gatewayPlan,
  sandboxPlan,
  servicePlans,
} from '../../local/processes.ts';
import { loadSecrets } from '../../local/secrets.ts';
import { readStartSettings } from '../../local/settings.ts';
import { declaredSettings, isSecretName } from '../stage/declared-settings.ts';
import { scratchFolder } from '../stage/test-run.ts';

interface Container {
  command?: string[];
  environment?: Record<string, string | number>;
  healthcheck?: unknown;
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
}

const root = path.join(import.meta.dirname, '../..');
const text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');
const { services: containers } = parse(text, { merge: true, maxAliasCount: -1 }) as {
  services: Record<string, Container>;
};

const databaseNames = Object.keys(DATABASES) as DatabaseName[];
const servicePorts = Object.fromEntries(SERVICES.map((name) => [`${name.toUpperCase()}_PORT`, REGISTRY[name].port]));

/** The processes that `npm start` runs with this environment. */
async function plans(environment: NodeJS.ProcessEnv = {}, separate = true): Promise<ProcessPlan[]> {
  const surroundings = await surroundingsOf(environment);
  return [sandboxPlan(surroundings), ...servicePlans(surroundings, separate), gatewayPlan(surroundings)];
}

async function surroundingsOf(environment: NodeJS.ProcessEnv): Promise<Surroundings> {
  const secrets = await loadSecrets(scratchFolder());
  return {
    settings: readStartSettings(environment),
    secrets,
    ports: { ...servicePorts, PORT: 3000, METRICS_PORT: 9464, PROCESSOR_PORT: 4010, CARRIER_PORT: 4020 } as Ports,
    dataFolder: '/data',
    temporalAddress: 'temporal:7233',
    databaseUrls: Object.fromEntries(
      databaseNames.map((name) => [name, databaseUrl('postgres://postgres:5432/postgres', name, 'secret')]),
    ) as Record<DatabaseName, string>,
    environment,
  };
}

/** A deployment has its own; its image has compiled code already. */
const ONLY_LOCAL = new Set(['NODE_COMPILE_CACHE']);

const namesOf = (environment: object): string[] => Object.keys(environment).toSorted();

const everyProcess = /^## Every process$.*?(?=^## )/ms.exec(
  readFileSync(path.join(root, 'docs/settings.md'), 'utf8'),
)![0];
const commonNames = [...everyProcess.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name!);

/** Substitutes every `${NAME:?…}` and `${NAME:-default}`. */
const filled = (value: string | number) =>
  String(value).replaceAll(
    /\$\{(\w+)(?::\?[^}]*|:-([^}]*))\}/g,
    (_all, _name, defaultValue?: string) => defaultValue ?? 'secret',
  );

describe('docker-compose.yml', () => {
  it('runs every process that npm start runs, by the same command', async () => {
    for (const plan of await plans()) {
      const container = containers[plan.name];
      assert.ok(container, `${plan.name} has no container`);
      assert.deepEqual(container.command, ['node', '--import', './platform/telemetry/tracing.ts', ...plan.program]);
      const given = namesOf(container.environment!);
      assert.deepEqual(
        namesOf(plan.environment).filter((name) => !given.includes(name) && !ONLY_LOCAL.has(name)),
        [],
        plan.name,
      );
    }
  });

  it('passes every documented setting on to the process that reads it', async () => {
    // One name for all containers would hide which service a span is from.
    const common = commonNames.filter((name) => name !== 'OTEL_SERVICE_NAME');
    assert.equal(common.length, commonNames.length - 1);
    for (const [process, declared] of await declaredSettings()) {
      const given = namesOf(containers[process]!.environment!);
      const missing = [...declared, ...common].filter((name) => !given.includes(name));
      assert.deepEqual(missing, [], process);
    }
  });

  it('gives each process only its own secrets', async () => {
    for (const [process, declared] of await declaredSettings()) {
      const secrets = namesOf(containers[process]!.environment!).filter(isSecretName);
      assert.deepEqual(
        secrets.filter((name) => !declared.has(name)),
        [],
        process,
      );
    }
    const holders = Object.keys(containers).filter((name) => 'STRIPE_API_KEY' in (containers[name]!.environment ?? {}));
    assert.deepEqual(holders, ['payment']);
  });

  it('gives each process the ports and the database that the others expect', async () => {
    for (const plan of await plans()) {
      const { environment = {} } = containers[plan.name]!;
      for (const [name, value] of Object.entries(plan.environment).filter(([name]) =>
        /_DATABASE_URL$|PORT$/.test(name),
      )) {
        assert.equal(filled(environment[name]!), value, `${plan.name}: ${name}`);
      }
    }
    for (const name of SERVICES) {
      assert.equal(
        containers.gateway!.environment![`${name.toUpperCase()}_URL`],
        `http://${name}:${REGISTRY[name].port}`,
      );
    }
  });

  it('checks the readiness of each service at its own port', () => {
    for (const name of SERVICES) {
      assert.equal(containers[name]!.environment!.HEALTH_URL, `http://127.0.0.1:${REGISTRY[name].port}/readyz`);
    }
  });

  it('migrates every database before a process that uses one starts', () => {
    const given = namesOf(containers.migrate!.environment!);
    assert.deepEqual(
      given,
      ['DATABASE_URL', ...databaseNames.map((name) => `${name.toUpperCase()}_DATABASE_URL`)].toSorted(),
    );
    for (const name of databaseNames) {
      assert.equal(containers[name]!.depends_on?.migrate?.condition, 'service_completed_successfully');
    }
  });

  it('mounts only existing files', () => {
    const mounted = Object.values(containers).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0]!),
    );
    const files = mounted.filter((source) => source.startsWith('./'));
    assert.ok(files.length > 0);
    for (const file of files) assert.ok(existsSync(path.join(root, file)), file);
  });

  it('sends every file of the image to the builder', () => {
    const sent = readFileSync(path.join(root, '.dockerignore'), 'utf8').match(/(?<=^!).+/gm)!;
    const copied = [...readFileSync(path.join(root, 'Dockerfile'), 'utf8').matchAll(/^COPY (?!--from)(.+) \S+$/gm)];
    const sources = copied.flatMap(([, paths]) => paths!.split(' '));
    assert.ok(sources.length > 5);
    assert.deepEqual(sources.toSorted(), sent.toSorted());
  });

  it('has no default for a secret, and make-env generates everything that is required', () => {
    const environment = execFileSync(process.execPath, [path.join(root, 'deploy/make-env.mjs')], { encoding: 'utf8' });
    const lines = environment.split('\n').filter((line) => /^\w+=/.test(line));
    const generated = new Map(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const required = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!);
    const optional = [...text.matchAll(/\$\{(\w+):-/g)].map(([, name]) => name!);
    const withDefault = [...text.matchAll(/\$\{(\w+):-[^}]/g)].map(([, name]) => name!);
    for (const name of required) assert.ok(generated.get(name), `${name} is not generated`);
    assert.deepEqual(withDefault.filter(isSecretName), []);
    const unlisted = optional.filter((name) => !generated.has(name));
    assert.deepEqual(unlisted, []);
    const unused = [...generated.keys()].filter((name) => !required.includes(name) && !optional.includes(name));
    assert.deepEqual(unused, []);
    const { kid } = JSON.parse(generated.get('JWT_PRIVATE_KEY')!.slice(1, -1)) as { kid?: string };
    assert.ok(kid);
  });
});

describe('npm start', () => {
  const stripe = { CARD_PROCESSOR: 'stripe', STRIPE_API_KEY: 'sk_test' };
  const temporal = { TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_API_KEY: 'key' };
  const more = {
    SMTP_URL: 'smtp://a:b@127.0.0.1',
    ADMIN_PASSWORD: 'correct horse',
    CORS_ORIGINS: 'https://shop.example',
  };
  const environment = {
    ...stripe,
    ...temporal,
    ...more,
    PATH: '/bin',
    DATABASE_URL: 'postgres://postgres:secret@db/a',
  };

  it('gives each process only its own secrets, with a process for each service', async () => {
    const declared = await declaredSettings();
    for (const plan of await plans(environment)) {
      const own = declared.get(plan.name)!;
      const secrets = namesOf(plan.environment).filter(isSecretName);
      const foreign = secrets.filter((name) => !own.has(name));
      assert.deepEqual(foreign, [], plan.name);
      for (const name of Object.keys({ ...stripe, ...temporal, ...more }).filter((name) => own.has(name))) {
        assert.ok(plan.environment[name], `${plan.name} has no ${name}`);
      }
      assert.equal(plan.environment.PATH, '/bin');
    }
  });

  it('gives the gateway and the sandbox no service’s secrets, with one process for all services', async () => {
    const [sandbox, services, gateway] = await plans(environment, false);
    const secretsOf = (plan?: ProcessPlan) => namesOf(plan!.environment).filter(isSecretName);
    assert.deepEqual(secretsOf(sandbox), ['CARRIER_CALLBACK_SECRET', 'PROCESSOR_CALLBACK_SECRET']);
    assert.deepEqual(secretsOf(gateway), [
      'CARRIER_CALLBACK_SECRET',
      'GATEWAY_DATABASE_URL',
      'JWT_PRIVATE_KEY',
      'SERVICE_TOKEN',
      'TEMPORAL_API_KEY',
    ]);
    assert.equal(services!.environment.STRIPE_API_KEY, 'sk_test');
  });

  it('passes the settings of an existing Temporal server on unchanged, and none to its own server’s clients', async () => {
    const tls = { TEMPORAL_TLS_CLIENT_KEY_PATH: '/key.pem', TEMPORAL_GRPC_META_TEAM: 'orders' };
    const withExisting = gatewayPlan({
      ...(await surroundingsOf({ ...temporal, TEMPORAL_NAMESPACE: 'shop' })),
      environment: { ...temporal, ...tls, TEMPORAL_NAMESPACE: 'shop' },
    });
    const settings = Object.entries(withExisting.environment).filter(([name]) => name.startsWith('TEMPORAL_'));
    assert.deepEqual(Object.fromEntries(settings), { ...temporal, ...tls, TEMPORAL_NAMESPACE: 'shop' });
    const withOwn = gatewayPlan(await surroundingsOf({ TEMPORAL_API_KEY: 'key', TEMPORAL_NAMESPACE: 'shop' }));
    const own = Object.entries(withOwn.environment).filter(([name]) => name.startsWith('TEMPORAL_'));
    assert.deepEqual(Object.fromEntries(own), { TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_NAMESPACE: 'shop' });
  });
});
