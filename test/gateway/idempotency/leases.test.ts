import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { mock } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import winston from 'winston';
import { Leases } from '../../../gateway/idempotency/leases.ts';
import { type Lease, createIdempotencyRecords } from '../../../gateway/idempotency/records.ts';
import { eventually } from '../../stage/eventually.ts';
import { orderBody } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

const leaseOf = (key: string): Lease => ({
  scope: { caller: 'ada', route: 'POST /v1/orders', key },
  holder: randomUUID(),
});

/** Something to wait for, and the function that ends the wait. */
function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

describe('the renewal of leases', () => {
  let renewals: string[][];
  let warnings: string[];
  let fail: Error | undefined;
  let lost: Set<string>;
  let leases: Leases;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] });
    [renewals, warnings, fail, lost] = [[], [], undefined, new Set()];
    const logger = winston.createLogger({ silent: true });
    logger.warn = ((message: string) => warnings.push(message)) as never;
    leases = new Leases({
      logger,
      records: {
        async renew(due) {
          renewals.push(due.map(({ scope }) => scope.key));
          if (fail) throw fail;
          return new Set(due.filter(({ scope }) => !lost.has(scope.key)).map(({ holder }) => holder));
        },
      },
    });
  });
  afterEach(() => mock.timers.reset());

  /** Lets this many seconds pass, and what each of them starts end. */
  async function seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second++) {
      mock.timers.tick(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('is one statement a second for all requests, from the second on that each has run through', async () => {
    const [first, second] = [gate(), gate()];
    const both = [leases.during(leaseOf('first'), () => first.passed)];
    await seconds(1);
    both.push(leases.during(leaseOf('second'), () => second.passed));
    await seconds(3);
    assert.deepEqual(renewals, [['first'], ['first', 'second'], ['first', 'second']]);
    first.open();
    await both[0];
    await seconds(1);
    assert.deepEqual(renewals.slice(3), [['second']]);
    second.open();
    await both[1];
    await seconds(2);
    assert.equal(renewals.length, 4);
  });

  it('costs a short request nothing, and neither does a request that fails', async () => {
    await leases.during(leaseOf('short'), async () => undefined);
    await assert.rejects(
      leases.during(leaseOf('failing'), () => Promise.reject(new Error('no'))),
      /no/,
    );
    for (let request = 0; request < 20; request++) {
      const short = gate();
      const done = leases.during(leaseOf(`short ${request}`), () => short.passed);
      await seconds(1);
      short.open();
      await done;
    }
    assert.deepEqual(renewals, []);
  });

  it('continues after a failure, which is logged once', async () => {
    const held = gate();
    const done = leases.during(leaseOf('held'), () => held.passed);
    fail = new Error('the database is away');
    await seconds(3);
    assert.deepEqual(warnings, ['idempotency leases not renewed, retrying']);
    fail = undefined;
    await seconds(1);
    fail = new Error('again');
    await seconds(1);
    assert.equal(renewals.length, 4);
    assert.equal(warnings.length, 2);
    held.open();
    await done;
  });

  it('ends for a request whose key another attempt has taken over', async () => {
    const [overtaken, other] = [gate(), gate()];
    const both = [
      leases.during(leaseOf('overtaken'), () => overtaken.passed),
      leases.during(leaseOf('other'), () => other.passed),
    ];
    await seconds(2);
    lost.add('overtaken');
    await seconds(2);
    assert.deepEqual(renewals, [['overtaken', 'other'], ['overtaken', 'other'], ['other']]);
    assert.deepEqual(warnings, ['another attempt has taken over an idempotency key']);
    for (const { open } of [overtaken, other]) open();
    await Promise.all(both);
  });
});

describe('a process that stops', function () {
  this.timeout(60_000);

  it('does not wait for a request that never ends', async () => {
    const file = pathToFileURL(path.join(import.meta.dirname, '../../../gateway/idempotency/leases.ts')).href;
    const program = `
      const { Leases } = await import(${JSON.stringify(file)});
      void new Leases({ records: {}, logger: console }).during({ holder: 'a' }, () => new Promise(() => undefined));
      console.log('begun');`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 50_000,
    });
    assert.equal(stdout, 'begun\n');
  });
});

describe('a key whose request runs', function () {
  this.timeout(60_000);
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  afterEach(() => gateway.services.before.clear());

  const place = (key: string) => gateway.call('POST /v1/orders', { as: gateway.customer, key, body: orderBody() });
  const records = () => createIdempotencyRecords(gateway.db);
  const scopeOf = (key: string) => ({ caller: gateway.customer.id, route: 'POST /v1/orders', key });

  /** Places an order that stays under way until `finish`. */
  async function placeSlowly(key: string) {
    const [reached, held] = [gate(), gate()];
    gateway.services.before.set('orders.placeOrder', async () => {
      reached.open();
      await held.passed;
    });
    const answer = place(key);
    await reached.passed;
    gateway.services.before.clear();
    return { answer, finish: held.open };
  }

  /** How long the key is still held, in seconds; negative once it is free. */
  async function secondsLeft(key: string): Promise<number> {
    const left = sql<number>`extract(epoch from locked_until - clock_timestamp())::float8`.as('left');
    const row = gateway.db.selectFrom('idempotency_records').select(left).where('key', '=', key);
    return (await row.executeTakeFirstOrThrow()).left;
  }
  const setSecondsLeft = (key: string, seconds: number) =>
    gateway.db
      .updateTable('idempotency_records')
      .set({ locked_until: sql<Date>`now() + make_interval(secs => ${seconds})` })
      .where('key', '=', key)
      .execute();
  const expire = (key: string) => setSecondsLeft(key, -1);

  it('is free at most five seconds after its process has died', async () => {
    const first = await place('died');
    const row = gateway.db.selectFrom('idempotency_records').selectAll().where('key', '=', 'died');
    const { request_hash: hash } = await row.executeTakeFirstOrThrow();
    await gateway.db.deleteFrom('idempotency_records').where('key', '=', 'died').execute();
    // As a process leaves it that claims the key and dies.
    assert.equal((await records().claim(scopeOf('died'), hash)).outcome, 'claimed');
    assert.ok((await secondsLeft('died')) <= 5);
    await expire('died');
    const second = await place('died');
    assert.deepEqual([second.status, second.body.id], [202, first.body.id]);
  });

  it('is held beyond its lease by the process that lives', async () => {
    const { answer, finish } = await placeSlowly('slow');
    await expire('slow');
    await eventually(async () => assert.ok((await secondsLeft('slow')) > 4));
    const { status, body } = await place('slow');
    assert.deepEqual([status, body.code], [409, 'RequestInProgress']);
    finish();
    const first = await answer;
    const again = await place('slow');
    assert.deepEqual([again.text, again.headers.get('idempotent-replayed')], [first.text, 'true']);
  });

  it('is not held again by a renewal that meets an abandoned attempt', async () => {
    const claim = await records().claim(scopeOf('abandoned'), 'hash');
    assert.ok(claim.outcome === 'claimed');
    const lease = { scope: scopeOf('abandoned'), holder: claim.holder };
    assert.deepEqual(await records().renew([lease]), new Set([claim.holder]));
    await records().abandon(lease);
    assert.deepEqual(await records().renew([lease]), new Set());
    assert.equal((await records().claim(scopeOf('abandoned'), 'hash')).outcome, 'claimed');
  });

  it('belongs to the attempt that took it over, whatever the stalled one does when it returns', async () => {
    const stalled = await placeSlowly('stalled');
    const { request_hash: hash } = await gateway.db
      .selectFrom('idempotency_records')
      .select('request_hash')
      .where('key', '=', 'stalled')
      .executeTakeFirstOrThrow();
    // The stalled process may still renew in between, as it does not really stall.
    const second = await eventually(async () => {
      await expire('stalled');
      const claim = await records().claim(scopeOf('stalled'), hash);
      return claim.outcome === 'claimed' ? claim : assert.fail(claim.outcome);
    });
    // Nobody renews it here.
    await setSecondsLeft('stalled', 60);
    stalled.finish();
    const { status, text } = await stalled.answer;
    assert.equal(status, 202, text);
    assert.equal((await place('stalled')).body.code, 'RequestInProgress');
    const response = { status: 202, headers: {}, body: 'the second response' };
    await records().finish({ scope: scopeOf('stalled'), holder: second.holder }, response);
    assert.equal((await place('stalled')).text, 'the second response');
  });
});
