import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Client } from '@temporalio/client';
import { orderRequests } from '../../activities/order.ts';
import { createClient } from '../../platform/http/client.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { eventually } from '../stage/eventually.ts';
import { freePorts } from '../stage/free-ports.ts';
import { moneyInWords, parcel } from '../stage/outside-ledgers.ts';
import { PLACED_HISTORY } from '../stage/placed-history.ts';
import { environmentOf } from '../stage/processes.ts';
import {
  PRICE_MINOR,
  type ShopUser,
  newCustomer,
  newProduct,
  orderRequest,
  signInAsAdmin,
} from '../stage/shop-users.ts';
import { type Platform, root } from '../stage/test-platform.ts';
import { halt } from './halt.ts';

const PAYMENT = 'services/main.ts payment';
const TEMPORAL = 'server start-dev';
const AT_ONCE = 20;
const TRIES = 5;

/** Another process of the order service, on the same database and task queue, in the lane `express`. */
interface Replica {
  orders: ReturnType<typeof clientAt>;
  kill(): Promise<void>;
}

const clientAt = (port: string, token: string) =>
  createClient({ service: 'order', urls: [`http://127.0.0.1:${port}`], token }, 'requests', orderRequests);

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
  });
  after(() => temporal.connection.close());

  /** A test with a replica of its own, and a product of its own. */
  const withReplica = (name: string, test: () => Promise<void>): void => {
    it(name, async () => {
      sku = await newProduct(admin, 100);
      replica = await startReplica(platform);
      try {
        await test();
      } finally {
        await replica.kill();
      }
    });
  };

  async function place(orderId = randomUUID()) {
    const { paymentMethod, shippingAddress } = orderRequest();
    const total = { amountMinor: PRICE_MINOR, currency: 'GBP' };
    const lines = [{ sku, quantity: 1, name: 'A test product', unitPrice: total }];
    const request = { orderId, customerId: customer.id, lines, total, paymentMethod, shippingAddress };
    const { order } = await replica.orders.placeOrder(request);
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

  withReplica(
    'express: confirms an order before there is a workflow, and starts one that costs a single event',
    async () => {
      const id = await placeInTime();
      await untilHandedOver(id);
      await expectOnce(id);
      const history = await customer.history(id);
      assert.deepEqual(
        history.map(({ step, outcome }) => `${step} ${outcome}`),
        PLACED_HISTORY,
      );
    },
  );

  withReplica('express: has the saga confirm an order, once, whose attempt ran out of time', async () => {
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

  withReplica(
    'express: has another replica take over an order whose replica was killed between two steps',
    async () => {
      const orderId = randomUUID();
      const resume = halt(platform, PAYMENT);
      try {
        const lost = place(orderId);
        lost.catch(() => undefined);
        await eventually(async () => assert.partialDeepStrictEqual(await admin.stock(sku), { reserved: 1 }));
        await replica.kill();
        await assert.rejects(lost);
      } finally {
        resume();
      }
      await untilConfirmedOnce(orderId);
    },
  );

  withReplica(
    'express: confirms orders while Temporal is away, and another replica hands them over although theirs was killed',
    async () => {
      const resume = halt(platform, TEMPORAL);
      let orders: Awaited<ReturnType<typeof place>>[];
      try {
        orders = await Promise.all(Array.from({ length: AT_ONCE }, () => place()));
        await replica.kill();
      } finally {
        resume();
      }
      // On a busy machine an attempt may run out of time: its order waits for the saga, and so for Temporal.
      const confirmed = orders.filter(({ status }) => status === 'confirmed');
      assert.ok(confirmed.length > 0, JSON.stringify(orders));
      for (const { id } of confirmed) await untilHandedOver(id);
      for (const { id } of orders) await untilConfirmedOnce(id);
      assert.partialDeepStrictEqual(await admin.stock(sku), { reserved: AT_ONCE });
    },
  );
}

/** With the environment of the platform's own order service, and other ports. */
async function startReplica(platform: Platform): Promise<Replica> {
  const given = environmentOf(platform.process('services/main.ts order').pid).filter((entry) => entry.includes('='));
  const environment = Object.fromEntries(
    given.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  const { ORDER_PORT: port } = await freePorts('ORDER_PORT');
  const child = spawn(process.execPath, ['services/main.ts', 'order'], {
    cwd: root,
    env: { ...environment, ORDER_LANE: 'express', ORDER_PORT: String(port) },
    stdio: 'ignore',
  });
  const replica = { orders: clientAt(String(port), environment.SERVICE_TOKEN!), kill: () => killed(child) };
  await eventually(async () => {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    assert.equal(ready.status, 200);
  }, 60_000);
  return replica;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
