import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { type DatabaseName, DATABASES, REGISTRY, SERVICES } from '../../services/registry.ts';
import type { ProcessPlan } from '../../local/node-process.ts';
import { type Ports, databaseUrl, gatewayPlan, sandboxPlan, servicePlans } from '../../local/processes.ts';
import { loadSecrets } from '../../local/secrets.ts';
import { readStartSettings } from '../../local/settings.ts';
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

/** The processes that `npm start` runs. */
async function plans(): Promise<ProcessPlan[]> {
  const secrets = await loadSecrets(scratchFolder());
  const surroundings = {
    settings: readStartSettings({}),
    secrets,
    ports: { ...servicePorts, PORT: 3000, METRICS_PORT: 9464, PROCESSOR_PORT: 4010, CARRIER_PORT: 4020 } as Ports,
    dataFolder: '/data',
    temporalAddress: 'temporal:7233',
    databaseUrls: Object.fromEntries(
      databaseNames.map((name) => [name, databaseUrl('postgres://postgres:5432/postgres', name, 'secret')]),
    ) as Record<DatabaseName, string>,
    environment: {},
  };
  return [sandboxPlan(surroundings), ...servicePlans(surroundings, true), gatewayPlan(surroundings)];
}

/** Settings that only one of the two ways of running needs. */
const IGNORED = new Set(['HEALTH_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'NODE_COMPILE_CACHE']);
const settingsOf = (environment: object) =>
  Object.keys(environment)
    .filter((name) => !IGNORED.has(name))
    .toSorted();

/** Substitutes every `${NAME:?…}` and `${NAME:-default}`. */
const filled = (value: string | number) =>
  String(value).replaceAll(
    /\$\{(\w+)(?::\?[^}]*|:-([^}]*))\}/g,
    (_all, _name, defaultValue?: string) => defaultValue ?? 'secret',
  );

describe('docker-compose.yml', () => {
  it('runs every process that npm start runs, by the same command and with the same settings', async () => {
    for (const plan of await plans()) {
      const container = containers[plan.name];
      assert.ok(container, `${plan.name} has no container`);
      assert.deepEqual(container.command, ['node', '--import', './platform/telemetry/tracing.ts', ...plan.program]);
      assert.deepEqual(settingsOf(container.environment!), settingsOf(plan.environment), plan.name);
    }
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
    const given = settingsOf(containers.migrate!.environment!);
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
    for (const name of required) assert.ok(generated.get(name), `${name} is not generated`);
    for (const name of optional) assert.doesNotMatch(name, /PASSWORD|SECRET|TOKEN|KEY/);
    const unused = [...generated.keys()].filter((name) => !required.includes(name) && !optional.includes(name));
    assert.deepEqual(unused, []);
    const { kid } = JSON.parse(generated.get('JWT_PRIVATE_KEY')!.slice(1, -1)) as { kid?: string };
    assert.ok(kid);
  });
});
