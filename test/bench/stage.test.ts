import assert from 'node:assert/strict';
import path from 'node:path';
import { Proxies } from '../../bench/race/faults/proxies/proxies.ts';
import { type Stage, openStage } from '../../bench/race/stage.ts';
import { disagreements } from '../../bench/race/ledgers.ts';
import type { OrderEndpoint } from '../../bench/race/load.ts';
import { nothing, orderSeries, totalsOf } from '../../bench/race/orders.ts';
import type { PlacedOrder } from '../../bench/race/peers/order.ts';
import { queryAsSuperuser } from '../../bench/race/superuser.ts';
import { direct } from '../../bench/race/systems/direct.ts';
import { type World, openWorld } from '../../bench/race/world.ts';
import { Random } from '../../tools/random.ts';
import { eventually } from '../stage/eventually.ts';
import { scratchFolder } from '../stage/test-run.ts';

// With compiled code in it, as for the platform's processes in other tests.
const cache = path.join(import.meta.dirname, '../../.cache');
const NO_SERVER = { kind: 'dev', executable: '', reason: 'none is needed' } as const;

describe('a system on a stage with proxies', function () {
  this.timeout(120_000);
  const proxies = new Proxies(new Random(1));
  const next = orderSeries(crypto.randomUUID());
  let world: World;
  let closeWorld: () => Promise<void>;
  let stage: Stage;
  let endpoint: OrderEndpoint;
  before(async () => {
    const folder = path.join(scratchFolder(), 'world');
    const { signal } = new AbortController();
    ({ world, close: closeWorld } = await openWorld({ folder, cache, binary: NO_SERVER, signal }));
    stage = await openStage(world, direct.needs, { proxies });
    endpoint = await direct.start(stage);
  });
  after(async () => {
    await stage?.close();
    await closeWorld?.();
  });

  async function place(order: PlacedOrder): Promise<string> {
    const { path: at, headers, body } = endpoint.request(order);
    const response = await fetch(endpoint.url + at, {
      method: 'POST',
      headers: { ...headers, connection: 'close' },
      body,
    });
    return ((await response.json()) as { status: string }).status;
  }

  it('confirms an order through them, and the ledgers agree', async () => {
    const order = next();
    assert.equal(await place(order), 'confirmed');
    assert.deepEqual(await disagreements({ confirmed: totalsOf(order), delivered: nothing() }, stage.ledgers), []);
  });

  it('loses an answer at one of them', async () => {
    const order = next();
    proxies.loseAnswers(1);
    await assert.rejects(place(order), TypeError);
    proxies.loseAnswers(0);
    assert.ok(proxies.touched.has(order.orderId));
  });

  it('has a process away that is killed, and back when it is started again', async () => {
    await stage.processes.kill('front');
    await assert.rejects(place(next()), TypeError);
    await stage.processes.restart('front');
    assert.equal(await place(next()), 'confirmed');
  });

  it('goes on after PostgreSQL was killed and is back', async () => {
    await world.killPostgres();
    assert.notEqual(await place(next()), 'confirmed');
    await world.restartPostgres();
    await eventually(async () => assert.equal(await place(next()), 'confirmed'));
  });

  it('reaches PostgreSQL through a proxy only', async () => {
    const ofServices = `select count(*)::int connections from pg_stat_activity where usename like 'order_platform_%'`;
    const connections = async () => (await queryAsSuperuser(world.superuserUrl, ofServices)).connections;
    assert.notEqual(await connections(), 0);
    await proxies.close();
    // Sooner than a pool closes the connections that it does not need, which is after 10 s.
    await eventually(async () => assert.equal(await connections(), 0), 5_000);
  });
});
