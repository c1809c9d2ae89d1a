import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { eventually } from '../stage/eventually.ts';
import { type Replica, pieceOf, startReplica } from '../stage/order-replica.ts';
import { moneyInWords, parcel } from '../stage/outside-ledgers.ts';
import { PLACED_HISTORY } from '../stage/placed-history.ts';
import { PRICE_MINOR, type ShopUser, newCustomer, newProduct, signInAsAdmin } from '../stage/shop-users.ts';
import type { Platform } from '../stage/test-platform.ts';
import { halt } from './halt.ts';

const PAYMENT = 'services/main.ts payment';
const TEMPORAL = 'server start-dev';
const CLIENTS = 4;
// Few enough that the replica is killed before it claims any again: what it has claimed is due only after 4 s.
const CONFIRMED_WITHOUT_TEMPORAL = 20;
const TRIES = 5;

/** Tests of the lane `express`, on a platform whose services are separate processes. Call it in `describe`. */
export function expressTests(platform: Platform): void {
  let customer: ShopUser;
  let admin: ShopUser;
  let sku: string;
  let temporal: Client;
  let replica: Replica;

  before(async () => {
    [customer, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    temporal = createTemporalClient({
      address: `127.0.0.1:${platform.setting('TEMPORAL_PORT')}`,
      namespace: 'default',
    });
    replica = await startReplica(platform);
  });
  beforeEach(async () => {
    sku = await newProduct(admin, 10_000);
  });
  after(async () => {
    await replica.kill();
    await temporal.connection.close();
  });

  async function place(orderId = randomUUID()) {
    const { order } = await replica.orders.placeOrder(pieceOf(sku, customer, { orderId }));
    return order;
  }
  /** Places orders until one is confirmed at once: on a busy machine an attempt may run out of time. */
  async function placeInTime(): Promise<string> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { id, status } = await place();
      if (status === 'confirmed') return id;
    }
    return assert.fail(`none of ${TRIES} orders was confirmed at once`);
  }
  /** Its workflow, which has had no task. */
  const untilHandedOver = (orderId: string) =>
    eventually(async () => {
      const { historyLength, status } = await temporal.workflow.getHandle(orderWorkflowId(orderId)).describe();
      assert.deepEqual([historyLength, status.name], [1, 'RUNNING']);
    });
  async function expectOnce(orderId: string): Promise<void> {
    assert.deepEqual(await moneyInWords(platform, orderId), [`authorization ${PRICE_MINOR}`]);
    assert.deepEqual(await parcel(platform, orderId), ['booking']);
  }
  async function untilConfirmedOnce(orderId: string): Promise<void> {
    await customer.waitForOrder(orderId, { status: 'confirmed', paymentStatus: 'authorized' });
    await expectOnce(orderId);
  }

  it('express: confirms an order before there is a workflow, and starts one that costs a single event', async () => {
    const id = await placeInTime();
    await untilHandedOver(id);
    await expectOnce(id);
    const history = await customer.history(id);
    assert.deepEqual(
      history.map(({ step, outcome }) => `${step} ${outcome}`),
      PLACED_HISTORY,
    );
  });

  it('express: has the saga confirm an order, once, whose attempt ran out of time', async () => {
    const resume = halt(platform, PAYMENT);
    let orderId: string;
    try {
      const order = await place();
      assert.equal(order.status, 'pending');
      orderId = order.id;
    } finally {
      resume();
    }
    await untilConfirmedOnce(orderId);
  });

  it('express: confirms orders under load while Temporal is away, and has each handed over, though their replica was killed', async () => {
    const resume = halt(platform, TEMPORAL);
    const confirmed: string[] = [];
    // On a busy machine an attempt may run out of time: its order waits for the saga, and so for Temporal.
    const pending: string[] = [];
    const client = async () => {
      while (confirmed.length < CONFIRMED_WITHOUT_TEMPORAL) {
        const { id, status } = await place();
        (status === 'confirmed' ? confirmed : pending).push(id);
      }
    };
    try {
      await Promise.all(Array.from({ length: CLIENTS }, client));
      await replica.kill();
    } finally {
      resume();
    }
    for (const id of confirmed) await untilHandedOver(id);
    for (const id of [...confirmed, ...pending]) await untilConfirmedOnce(id);
    assert.partialDeepStrictEqual(await admin.stock(sku), { reserved: confirmed.length + pending.length });
  });
}
