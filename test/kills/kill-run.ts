import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Client } from '@temporalio/client';
import { Lane } from '../../activities/lane.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { numberOption } from '../../tools/command-line.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { eventually } from '../stage/eventually.ts';
import { moneyInWords, parcel } from '../stage/outside-ledgers.ts';
import { reconcile } from '../stage/run-reconcile.ts';
import {
  type Order,
  type ShopUser,
  newCustomer,
  newProduct,
  orderRequest,
  signInAsAdmin,
} from '../stage/shop-users.ts';
import { Platform } from '../stage/test-platform.ts';
import { KINDS, type Kind, type Placed } from '../system/flood.ts';
import { RandomKills } from './random-kills.ts';
import { Random } from '../../tools/random.ts';

/**
 * Places orders while processes of a platform are killed at random, and compares every ledger when all have ended:
 * `npm run kill-run [-- --orders N] [--clients N] [--lane LANE] [--seed N]`. The seed determines the orders, which process
 * is killed, and after how many orders; how the work of the processes interleaves is different in each run.
 */
const { values } = parseArgs({
  args: (process.env.KILL_RUN_OPTIONS ?? '').split(' ').filter(Boolean),
  options: {
    orders: { type: 'string', default: '400' },
    clients: { type: 'string', default: '16' },
    lane: { type: 'string', default: 'express' },
    seed: { type: 'string', default: '1' },
  },
});
const whole = (name: 'orders' | 'clients' | 'seed') => numberOption(name, values[name], { least: 1, whole: true })!;
const ORDERS = whole('orders');
const CLIENTS = whole('clients');
const SEED = whole('seed');
const LANE = Lane.parse(values.lane);
const PIECES = 1_000_000;
const ORDINARY: Kind = { difference: {} };
/** One order in three is of the kinds that meet trouble also without kills. */
const TROUBLE = [true, false, false];
// A process that was killed several times in a row is restarted after 10 s, and a saga's step waits longer each time.
const ENDED_MS = 300_000;

describe(`${ORDERS} orders of ${CLIENTS} clients in the lane ${LANE}, with processes killed by seed ${SEED}`, function () {
  this.timeout(0);
  const platform = new Platform({
    command: ['npm', 'start', '--', '--separate'],
    settings: { ORDER_LANE: LANE, ACCESS_TOKEN_SECONDS: '86400', npm_config_update_notifier: 'false' },
  });
  const random = new Random(SEED);
  const kinds = Array.from({ length: ORDERS }, () => (random.oneOf(TROUBLE) ? random.oneOf(KINDS) : ORDINARY));
  const kills = new RandomKills(platform, random);
  const placed: Placed[] = [];
  const ended: Order[] = [];
  let customer: ShopUser;
  let admin: ShopUser;
  let sku: string;
  let temporal: Client;

  before(async () => {
    await platform.start();
    [customer, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    sku = await newProduct(admin, PIECES);
    const address = `127.0.0.1:${platform.setting('TEMPORAL_PORT')}`;
    temporal = createTemporalClient({ address, namespace: 'default' });
  });
  after(async () => {
    await temporal.connection.close();
    await platform.killAll();
  });

  it('acknowledges every order', async () => {
    const startedAt = performance.now();
    const next = kinds.values();
    const client = async () => {
      for (const kind of next) {
        const order = await customer.placeUntilAcknowledged(orderRequest({ sku, ...kind.difference }), randomUUID());
        placed.push({ kind, order });
        kills.orderPlaced();
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const atOnce = placed.filter(({ order }) => order.status === 'confirmed').length;
    print(`${placed.length} orders in ${seconds(startedAt)} s, ${atOnce} of them confirmed in the response`);
    print(`${kills.total} kills: ${[...kills.killed].map(([name, times]) => `${name} ${times}`).join(', ')}`);
  });

  it('ends every order as it would without kills, unless a service was away for too long', async () => {
    const startedAt = performance.now();
    for (const { kind, order } of placed) {
      const last = await untilEnded(order.id);
      ended.push(last);
      const code = last.rejection?.code;
      if (code !== 'ServiceUnavailable') assert.equal(code, kind.rejected, order.id);
    }
    const counts = Map.groupBy(ended, ({ status, rejection }) => rejection?.code ?? status);
    const outcomes = [...counts].map(([outcome, orders]) => `${orders.length} ${outcome}`).join(', ');
    print(`all ended ${seconds(startedAt)} s after the last was placed: ${outcomes}`);
    const tookMs = ({ createdAt, updatedAt }: Order) => Date.parse(updatedAt) - Date.parse(createdAt);
    const slowest = ended.toSorted((one, other) => tookMs(other) - tookMs(one))[0]!;
    print(`the slowest took ${(tookMs(slowest) / 1_000).toFixed(0)} s, with ${await triesOf(slowest.id)}`);
  });

  it('has each effect of an order once in the ledgers of the card processor and the carrier, or undone', async () => {
    for (const { id, status, total } of ended) {
      const entries = [...(await moneyInWords(platform, id)), ...(await parcel(platform, id))].join(', ');
      const held = `authorization ${total.amountMinor}`;
      const undone = `${held}, void ${total.amountMinor}`;
      const allowed = status === 'confirmed' ? [`${held}, booking`] : ['', undone, `${undone}, booking, cancellation`];
      assert.ok(allowed.includes(entries), `${id} is ${status}, with ${entries}`);
    }
  });

  it('has reserved the pieces of the confirmed orders, and no others', async () => {
    const confirmed = ended.filter(({ status }) => status === 'confirmed');
    const reserved = confirmed.reduce((sum, { lines }) => sum + lines[0]!.quantity, 0);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: PIECES, reserved });
  });

  it('has a running workflow for each confirmed order, and none that failed', async () => {
    for (const { id, status } of ended) {
      const expected = status === 'confirmed' ? 'RUNNING' : 'COMPLETED';
      await eventually(async () => {
        const description = await temporal.workflow.getHandle(orderWorkflowId(id)).describe();
        assert.equal(description.status.name, expected, id);
      });
    }
  });

  it('leaves every ledger in agreement, according to npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
    const last = lines.at(-1)!;
    assert.match(last, new RegExp(`^${ORDERS} orders compared`));
    print(last);
  });

  /** Its history in words. */
  const triesOf = async (orderId: string): Promise<string> => {
    const items = await customer.history(orderId);
    return items.map(({ at, step, outcome, attempt = 1 }) => `${at} ${step} ${outcome} ${attempt}`).join(', ');
  };

  const untilEnded = (orderId: string): Promise<Order> =>
    eventually(
      async () => {
        const order = await customer.order(orderId);
        assert.ok(['confirmed', 'rejected'].includes(order.status), `${orderId} is ${order.status}`);
        return order;
      },
      ENDED_MS,
      100,
    );
});

const print = (line: string) => void process.stdout.write(`      ${line}\n`);
const seconds = (since: number) => ((performance.now() - since) / 1_000).toFixed(0);
