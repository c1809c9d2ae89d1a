import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { takePorts } from '../../platform/ports.ts';
import { type Tool, readArguments } from '../../tools/arguments.ts';
import { type ExitCode, ToolError, printLine, runTool } from '../../tools/command-line.ts';
import { attempt, run } from './commands.ts';
import { checkContainers, checkReplicas, crash, crashServer } from './checks.ts';
import { Compose } from './compose.ts';
import { PLATFORM_IMAGE, buildImage, imageSizes, prepareImages } from './images.ts';
import { Shop } from './shop.ts';

const TOOL = {
  name: 'try-containers',
  purpose: `Runs docker-compose.yml as a project of its own, on free ports, and checks it: orders from placed to delivered while
containers are killed, restarted, doubled and made anew on their volumes; then reconcile. Needs a running Docker engine and
docker compose. Where an image cannot be pulled, a stand-in is made (debootstrap and Go are needed then). Removes its
containers and volumes at the end.`,
  options: { keep: { type: 'boolean', help: 'leave the containers running at the end' } },
  example: '--keep',
} as const satisfies Tool;

const PROJECT = 'order-platform-trial';
const root = path.join(import.meta.dirname, '../..');

await runTool(async () => {
  const { values } = readArguments(TOOL);
  await checkEngine();
  const scratch = mkdtempSync(path.join(tmpdir(), 'try-containers-'));
  try {
    await tryContainers(scratch, values.keep ?? false);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return 0 satisfies ExitCode;
});

async function checkEngine(): Promise<void> {
  const needed: [string[], string][] = [
    [['version'], 'a running Docker engine; set DOCKER_HOST if it does not listen at its usual address'],
    [['compose', 'version'], 'the plugin docker compose, version 2'],
  ];
  for (const [args, what] of needed) {
    const { code, stderr } = await attempt('docker', args);
    if (code !== 0) throw new ToolError(`needs ${what} (${stderr.trim().split('\n')[0]!})`);
  }
}

async function tryContainers(scratch: string, keep: boolean): Promise<void> {
  const standIns = await step('images', () => prepareImages(scratch));
  if (standIns.length > 0) printLine(`  stand-ins, not the published images: ${standIns.join(', ')}`);
  await step('build', () => buildImage(PLATFORM_IMAGE, root));
  const { total, own } = await imageSizes(PLATFORM_IMAGE, 'node:24-slim');
  printLine(`  the image has ${megabytes(total)}, of which ${megabytes(own)} are the platform's`);

  const settings = await makeSettings();
  const file = path.join(scratch, 'env');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(''),
    { mode: 0o600 },
  );
  const compose = new Compose({ project: PROJECT, folder: root, settings: file });
  await removeProject(compose);
  try {
    await checks(compose, settings, scratch);
  } catch (error) {
    const { stdout } = await compose.attempt('logs', '--no-color', '--tail', '5');
    process.stderr.write(stdout);
    throw error;
  } finally {
    if (!keep) await step('down with the volumes', () => removeProject(compose));
  }
  if (keep) printLine(`left running: API on port ${settings.PORT!}, Temporal Web UI on ${settings.TEMPORAL_UI_PORT!}`);
}

async function removeProject(compose: Compose): Promise<void> {
  await compose.run('down', '--volumes', '--remove-orphans');
}

async function checks(compose: Compose, settings: Readonly<Record<string, string>>, scratch: string): Promise<void> {
  await step('up', () => compose.up());
  await step('secrets and permissions', () => checkContainers(compose, settings));
  const apiUrl = `http://127.0.0.1:${settings.PORT!}`;
  const adminEmail = settings.ADMIN_EMAIL!;
  const adminPassword = settings.ADMIN_PASSWORD!;
  const shop = await step('a shop opens', () => Shop.open({ apiUrl, adminEmail, adminPassword, folder: scratch }));
  await step('first order, until it is delivered', async () => {
    await shop.order(1);
    await shop.allDelivered();
  });
  for (const service of ['payment', 'order', 'inventory', 'shipping', 'gateway', 'sandbox']) {
    await step(`orders while ${service} is killed`, () => shop.orderDuring(() => crash(compose, service)));
  }
  for (const server of ['postgres', 'temporal']) {
    await step(`orders while ${server} is killed`, () => shop.orderDuring(() => crashServer(compose, server)));
  }
  await step('orders during docker compose restart', () =>
    shop.orderDuring(async () => {
      await compose.run('restart');
      await compose.ready();
    }),
  );
  await step('orders with two replicas of a service', () => checkReplicas(compose, shop));
  await step(`all ${shop.orders} orders are delivered`, () => shop.allDelivered());
  await step('down, and up on the same volumes', async () => {
    const before = await shop.states();
    await compose.run('down');
    await compose.up();
    const after = await shop.states();
    if (after.join('\n') !== before.join('\n')) throw new ToolError('orders differ after down and up');
    await shop.order(1);
    await shop.allDelivered();
  });
  printLine(`  ${(await step('reconcile', () => compose.run('run', '--rm', '--no-deps', 'reconcile'))).trim()}`);
}

/** What make-env generates, on free ports, with a value for each optional secret, and parcels that move by themselves. */
async function makeSettings(): Promise<Record<string, string>> {
  const generated = parseEnv(await run(process.execPath, [path.join(root, 'deploy/make-env.mjs')]));
  const ports = await takePorts({ PORT: 0, TEMPORAL_UI_PORT: 0, PROCESSOR_PORT: 0, CARRIER_PORT: 0 });
  const changed = {
    STRIPE_API_KEY: 'sk_test_of_the_trial',
    RATE_LIMIT_PER_MINUTE: '1000000',
    CARRIER_PACE_SECONDS: '1',
  };
  const numbers = Object.entries(ports).map(([name, port]) => [name, String(port)]);
  return { ...(generated as Record<string, string>), ...Object.fromEntries(numbers), ...changed };
}

async function step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  printLine(`${name} ...`);
  const result = await work();
  printLine(`${name}: ok after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return result;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
