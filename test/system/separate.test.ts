import assert from 'node:assert/strict';
import { DATABASES, SERVICES } from '../../services/registry.ts';
import { expressKillTests } from './express-kills.ts';
import { expressTests } from './express.ts';
import { laneTests } from './lanes.ts';
import { advance, moneyInWords, parcel } from '../stage/outside-ledgers.ts';
import { Platform } from '../stage/test-platform.ts';
import { environmentOf } from '../stage/processes.ts';
import { type ShopUser, newCustomer } from '../stage/shop-users.ts';
import { type TraceCollector, startTraceCollector } from '../stage/trace-collector.ts';
import { telemetryTests, tracedTo } from './telemetry.ts';

/** Not used: the sandbox takes the cards. */
const STRIPE_API_KEY = 'sk_test_of_payment_alone';

describe('npm start -- --separate', function () {
  this.timeout(300_000);
  const platform = new Platform({
    command: ['npm', 'start', '--', '--separate'],
    // Without a return window an order is completed as soon as it is delivered.
    settings: { RETURN_WINDOW_DAYS: '0', STRIPE_API_KEY, npm_config_update_notifier: 'false' },
  });
  let ada: ShopUser;
  let collector: TraceCollector;
  let stopped = false;

  before(async () => {
    collector = await startTraceCollector();
    await platform.start(tracedTo(collector));
    ada = await newCustomer(platform);
  });

  after(async () => {
    if (!stopped) await platform.killAll();
    await collector.close();
  });

  telemetryTests(platform, () => collector);

  it('carries an order through the process of each service until it is completed', async () => {
    const order = await ada.placeAndWait({});
    await advance(platform, order);
    await advance(platform, order);
    await ada.waitForOrder(order.id, {
      status: 'completed',
      paymentStatus: 'captured',
      fulfillmentStatus: 'delivered',
    });
    assert.deepEqual(await moneyInWords(platform, order.id), ['authorization 1250', 'capture 1250']);
    assert.deepEqual(await parcel(platform, order.id), ['booking', 'dispatch', 'delivery']);
  });

  laneTests(platform);

  it('gives each process only its own database and its own secrets', () => {
    for (const service of SERVICES) {
      const environment = environmentOf(platform.process(`services/main.ts ${service}`).pid);
      assert.deepEqual(
        secretsIn(environment),
        [
          ...(service === 'user' ? ['ADMIN_PASSWORD'] : []),
          ...(service === 'payment' ? ['PROCESSOR_CALLBACK_SECRET', 'STRIPE_API_KEY'] : []),
          'SERVICE_TOKEN',
          `${service.toUpperCase()}_DATABASE_URL`,
        ].toSorted(),
      );
    }
    const gateway = environmentOf(platform.process('gateway/main.ts').pid);
    assert.deepEqual(secretsIn(gateway), [
      'CARRIER_CALLBACK_SECRET',
      'GATEWAY_DATABASE_URL',
      'JWT_PRIVATE_KEY',
      'SERVICE_TOKEN',
    ]);
    const sandbox = environmentOf(platform.process('sandbox/main.ts').pid);
    assert.deepEqual(secretsIn(sandbox), ['CARRIER_CALLBACK_SECRET', 'PROCESSOR_CALLBACK_SECRET']);
  });

  it('gives no process the superuser’s password', () => {
    const owner = new URL(platform.ownerUrl('order'));
    for (const { pid, command } of platform.processes()) {
      assert.ok(!environmentOf(pid).some((setting) => setting.includes(owner.password)), command);
    }
  });

  it('gives the secrets of its own environment to nobody else', () => {
    // Those that are not for the process that npm starts with everything, nor for payment.
    const others = platform
      .processes()
      .filter(({ command }) => !/npm|start\.mjs|services\/main\.ts payment/.test(command));
    assert.ok(others.some(({ command }) => command.includes('start-dev')));
    assert.ok(others.some(({ command }) => command.includes('postgres')));
    for (const { pid, command } of others) {
      assert.ok(!environmentOf(pid).some((setting) => setting.includes(STRIPE_API_KEY)), command);
    }
  });

  // Mocha runs these after all tests above. Each has a further process of the order service, which ends with its tests.
  describe('and a replica of the order service', () => expressTests(platform));
  describe('and a replica of the order service that is killed', () => expressKillTests(platform));

  describe('at its end', () => {
    it('stops on Ctrl-C with every process that it started', async () => {
      assert.ok(platform.processes().length > SERVICES.length + Object.keys(DATABASES).length);
      await platform.stop();
      stopped = true;
    });
  });
});

const SECRET = /^(\w*DATABASE_URL|\w*API_KEY|\w*PASSWORD|\w*SECRET|\w*TOKEN|\w*PRIVATE_KEY)=./;

/** The sorted names of the secret settings, without those that the tests' own environment has. */
const secretsIn = (environment: readonly string[]): string[] =>
  environment
    .filter((setting) => SECRET.test(setting))
    .map((setting) => setting.slice(0, setting.indexOf('=')))
    .filter((name) => !(name in process.env))
    .toSorted();
