import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inventoryRequests } from '../../activities/inventory.ts';
import type { Operations } from '../../platform/contract/operation.ts';
import { productRequests } from '../../activities/product.ts';
import { userRequests } from '../../activities/user.ts';
import { createClient } from '../../platform/http/client.ts';
import { bareEnvironment } from '../stage/bare-environment.ts';
import { freePorts } from '../stage/free-ports.ts';
import { type FreshDatabase, freshDatabase } from '../stage/fresh-database.ts';

const TOKEN = 'a service token of more than thirty-two characters';

describe('services/main.ts', function () {
  this.timeout(60_000);
  let databases: FreshDatabase<unknown>[];
  let ports: { user: number; product: number; inventory: number };
  let environment: NodeJS.ProcessEnv;
  const started: Started[] = [];

  before(async () => {
    databases = [];
    for (const name of ['user', 'product', 'inventory'] as const) databases.push(await freshDatabase(name));
    const { unused, ...services } = await freePorts('user', 'product', 'inventory', 'unused');
    ports = services;
    environment = {
      SERVICE_TOKEN: TOKEN,
      USER_DATABASE_URL: databases[0]!.url,
      PRODUCT_DATABASE_URL: databases[1]!.url,
      INVENTORY_DATABASE_URL: databases[2]!.url,
      USER_PORT: String(ports.user),
      PRODUCT_PORT: String(ports.product),
      INVENTORY_PORT: String(ports.inventory),
      // Nothing listens there: services start without Temporal.
      TEMPORAL_ADDRESS: `127.0.0.1:${unused}`,
      ADMIN_EMAIL: 'admin@example.com',
      ADMIN_PASSWORD: 'the admin has a password',
      LOG_LEVEL: 'debug',
    };
  });
  afterEach(() => {
    for (const { child } of started.splice(0)) child.kill('SIGKILL');
  });
  after(() => Promise.all(databases.map((database) => database.drop())));

  interface Started {
    child: ChildProcess;
    output: { stdout: string; stderr: string };
    ended: Promise<unknown[]>;
  }
  function start(names: string[], settings: NodeJS.ProcessEnv): Started {
    const child = spawn(
      process.execPath,
      ['--import', './platform/telemetry/tracing.ts', 'services/main.ts', ...names],
      {
        cwd: path.join(import.meta.dirname, '../..'),
        env: { ...bareEnvironment(), ...settings },
      },
    );
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    const running = { child, output, ended: once(child, 'close') };
    started.push(running);
    return running;
  }
  const clientOf = <Contract extends Operations>(service: keyof typeof ports, operations: Contract) =>
    createClient({ service, urls: [`http://127.0.0.1:${ports[service]}`], token: TOKEN }, 'requests', operations);
  const isLive = (service: keyof typeof ports) =>
    fetch(`http://127.0.0.1:${ports[service]}/livez`).then(
      ({ status }) => status === 200,
      () => false,
    );
  async function eventually(condition: () => Promise<boolean>, { output }: Started): Promise<void> {
    const deadline = Date.now() + 45_000;
    while (!(await condition())) {
      assert.ok(Date.now() < deadline, `did not happen: ${output.stdout}${output.stderr}`);
      await sleep(20);
    }
  }
  const allAreLive = async () =>
    (await Promise.all((['user', 'product', 'inventory'] as const).map(isLive))).every(Boolean);

  it('runs the given services, logs no secret and ends on SIGTERM', async () => {
    const running = start(['user', 'product', 'inventory'], environment);
    await eventually(allAreLive, running);

    const users = clientOf('user', userRequests);
    const person = { email: 'ada@example.com', password: 'not for any log' };
    const registered = await users.register({ ...person, name: 'Ada' });
    const session = await users.signIn(person);
    assert.equal('userId' in session && session.userId, registered.id);
    await assert.rejects(users.signIn({ ...person, password: 'nor this one' }), { code: 'BadCredentials' });
    await assert.rejects(users.register({ ...person, email: 'b@example.com', name: 'no\0name' }), {
      name: 'ServiceFault',
    });
    const admin = await users.signIn({ email: 'admin@example.com', password: 'the admin has a password' });
    assert.equal('role' in admin && admin.role, 'admin');
    const price = { amountMinor: 100, currency: 'GBP' };
    const product = await clientOf('product', productRequests).createProduct({
      sku: 'A',
      name: 'A',
      price,
    });
    assert.equal(product.version, 1);
    const stock = await clientOf('inventory', inventoryRequests).getStock({ sku: 'A' });
    assert.equal(stock.available, 0);

    running.child.kill('SIGTERM');
    assert.deepEqual(await running.ended, [0, null]);
    for (const secret of [person.password, 'nor this one', 'the admin has a password', '$argon2id', TOKEN]) {
      assert.ok(!running.output.stdout.includes(secret), secret);
    }
    assert.match(running.output.stdout, /unexpected error/, 'the fault was logged');
    assert.equal(running.output.stderr, '');
  });

  it('ends with one line that lists the services if one is unknown', async () => {
    const { ended, output } = start(['user', 'warehouse'], environment);
    assert.deepEqual(await ended, [1, null]);
    assert.equal(
      output.stderr,
      'unknown service: warehouse; choose from user, product, inventory, order, payment, shipping, cart, notification, recommendation, webhook\n',
    );
  });

  it('ends with one line that names the setting if one is missing', async () => {
    const { ended, output } = start(['user'], {});
    assert.deepEqual(await ended, [1, null]);
    assert.equal(output.stderr, 'setting USER_DATABASE_URL: is not set\n');
  });

  it('stops all services if one cannot start', async () => {
    const other = createServer().listen(ports.user, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { ended, output } = start(['product', 'user'], environment);
      assert.deepEqual(await ended, [1, null]);
      assert.match(output.stderr, /^port \d+ is already in use: set USER_PORT to a free port.*\n$/);
      assert.equal(await isLive('product'), false);
    } finally {
      other.close();
    }
  });
});
