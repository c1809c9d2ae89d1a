import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { gatewaySettings } from '../../gateway/settings.ts';
import { startSettings } from '../../local/settings.ts';
import { retentionSettings } from '../../platform/events/retention.ts';
import { type Service, serviceSettings } from '../../platform/service.ts';
import { temporalSettings } from '../../platform/temporal/place.ts';
import { carrierSettings, processorSettings } from '../../sandbox/settings.ts';
import { REGISTRY, SERVICES, type ServiceName, urlsOf } from '../../services/registry.ts';

const root = path.join(import.meta.dirname, '../..');

/** Settings by name, each with its default as the page writes it. */
type Settings = Record<string, string>;

/** The rows of the table below each heading: | `NAME` | default | meaning | */
function documented(): Record<string, Settings> {
  const [, ...sections] = readFileSync(path.join(root, 'docs/settings.md'), 'utf8').split(/^##+ /m);
  return Object.fromEntries(
    sections.map((section) => {
      const rows = section.matchAll(/^\| `(?<name>[A-Z_<>]+)` +\| (?<byDefault>[^|]*?) +\| /gm);
      return [
        section.slice(0, section.indexOf('\n')),
        Object.fromEntries([...rows].map(({ groups }) => [groups!.name!, groups!.byDefault!])),
      ];
    }),
  );
}

const inShape = (shape: z.ZodRawShape): Settings =>
  Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, defaultOf(type)]));

/** What a process takes where the setting is absent. Zod wraps what is written last around what is written first. */
function defaultOf(type: z.core.$ZodType): string {
  const { def } = (type as z.core.$ZodTypes)._zod;
  if (def.type === 'pipe') return defaultOf(def.in);
  if (def.type === 'optional') return 'none';
  if (def.type !== 'default') return 'required';
  return def.defaultValue === '' ? 'empty' : `\`${String(def.defaultValue)}\``;
}

const without = (settings: Settings, others: Settings): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => !(name in others)));

const ports = SERVICES.map((service) => REGISTRY[service].port);
const everyService: Settings = {
  ...inShape({ ...serviceSettings('<name>', 0), ...retentionSettings }),
  '<NAME>_PORT': `\`${Math.min(...ports)}\` to \`${Math.max(...ports)}\``,
};

/** A service's own settings, and where it reads the events of others. */
async function ofService(name: ServiceName): Promise<Settings> {
  const loaded = (await import(`../../services/${name}/service.ts`)) as Record<ServiceName, Service>;
  const publishers = REGISTRY[name].subscribesTo.map((publisher) => [
    `${publisher.toUpperCase()}_URL`,
    urlsOf(publisher),
  ]);
  const shared = inShape(serviceSettings(name, 0));
  return without(inShape({ ...loaded[name].settings, ...Object.fromEntries(publishers) }), shared);
}

/** Variables that these files read without a shape. */
function read(...files: string[]): string[] {
  const sources = files.flatMap((pattern) => globSync(pattern, { cwd: root }));
  const found = sources.flatMap((file) => [
    ...readFileSync(path.join(root, file), 'utf8').matchAll(/\b(?:process\.env|environment)\.(?<name>[A-Z_]+)/g),
  ]);
  return [...new Set(found.map(({ groups }) => groups!.name!))].toSorted();
}

describe('docs/settings.md', () => {
  const page = documented();

  it('lists the settings of `npm start`, each with its default', () => {
    assert.deepEqual(page['`npm start`'], inShape(startSettings));
  });

  it('lists the settings of the connection to Temporal', () => {
    assert.deepEqual(page.Temporal, inShape(temporalSettings));
  });

  it('lists the settings of every service', () => {
    assert.deepEqual(page['Every service'], everyService);
  });

  for (const service of SERVICES) {
    it(`lists the settings of the ${service} service`, async () => {
      assert.deepEqual(page[`\`${service}\``] ?? {}, await ofService(service));
    });
  }

  it('lists the settings of the gateway', () => {
    assert.deepEqual(page.Gateway, inShape(gatewaySettings));
  });

  it('lists the settings of the sandbox', () => {
    assert.deepEqual(page.Sandbox, inShape({ ...processorSettings, ...carrierSettings }));
  });

  it('lists what every process reads without a shape', () => {
    const names = Object.keys(page['Every process']!).toSorted();
    assert.deepEqual(names, read('platform/**/*.ts', 'services/**/*.ts', 'gateway/**/*.ts', 'sandbox/**/*.ts'));
  });

  it('lists what the tools read', () => {
    const names = Object.keys(page.Tools!);
    assert.deepEqual(
      read('tools/**/*.ts').filter((name) => !names.includes(name)),
      [],
    );
  });

  it('has no table of anything else', () => {
    const headings = Object.keys(page).filter((heading) => Object.keys(page[heading]!).length > 0);
    const services = SERVICES.map((service) => `\`${service}\``);
    const known = [
      '`npm start`',
      'Every process',
      'Every service',
      ...services,
      'Temporal',
      'Gateway',
      'Sandbox',
      'Tools',
    ];
    assert.deepEqual(
      headings.filter((heading) => !known.includes(heading)),
      [],
    );
  });
});
