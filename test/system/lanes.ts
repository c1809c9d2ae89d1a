import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Lane } from '../../activities/lane.ts';
import { orderRequests } from '../../activities/order.ts';
import { createWorkflows } from '../../gateway/upstream/workflow-client.ts';
import { createClient } from '../../platform/http/client.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { eventually } from '../stage/eventually.ts';
import { PLACED_HISTORY } from '../stage/placed-history.ts';
import { historyCostOf } from '../stage/history-cost.ts';
import { moneyInWords, parcel } from '../stage/outside-ledgers.ts';
import type { Platform } from '../stage/test-platform.ts';
import { environmentOf } from '../stage/processes.ts';
import { PRICE_MINOR, type Person, admin, newCustomer, newProduct, wish } from '../stage/shop-people.ts';

const ORDER = { name: 'order', command: 'services/main.ts order' };
const PAYMENT = 'services/main.ts payment';
const TEMPORAL = 'server start-dev';

// Longer than the few tries of a first asking together, far shorter than a durable step's patience.
const IN_VAIN_MS = 6_000;

/** On a platform whose services are processes of their own, so that one can be stopped. Call it in `describe`. */
export function laneTests(platform: Platform): void {
  let customer: Person;
  let keeper: Person;
  const temporal = () =>
    createTemporalClient({ address: `127.0.0.1:${platform.setting('TEMPORAL_PORT')}`, namespace: 'default' });

  /** Places an order as the gateway does, in a lane that the order service is not set to. */
  async function placedIn(lane: Lane, sku: string): Promise<string> {
    const given = environmentOf(platform.process(ORDER.command).pid);
    const setting = (name: string) => given.find((one) => one.startsWith(`${name}=`))!.slice(name.length + 1);
    const door = `http://127.0.0.1:${setting('ORDER_PORT')}`;
    const orders = createClient(
      { service: 'order', urls: [door], token: setting('SERVICE_TOKEN') },
      'requests',
      orderRequests,
    );
    const { paymentMethod, shippingAddress } = wish();
    const unitPrice = { amountMinor: PRICE_MINOR, currency: 'GBP' };
    const { order } = await orders.draftOrder({
      orderId: randomUUID(),
      customerId: customer.id,
      lines: [{ sku, name: 'A thing to sell', quantity: 1, unitPrice }],
      total: unitPrice,
      shippingAddress,
      paymentMethod,
    });
    const input = {
      orderId: order.id,
      customerId: customer.id,
      lines: [{ sku, quantity: 1 }],
      total: unitPrice,
      paymentMethod,
      shippingAddress,
    };
    const client = temporal();
    await createWorkflows(client)
      .startOrder(input, { lane, summary: `in the lane ${lane}` })
      .finally(() => client.connection.close());
    return order.id;
  }

  /** Confirmed, told in full, held once, booked once and set aside once. */
  async function confirmedOnce(orderId: string, sku: string): Promise<void> {
    await customer.orderOnce(orderId, { status: 'confirmed', paymentStatus: 'authorized' });
    const history = await customer.history(orderId);
    assert.deepEqual(
      history.map(({ step, outcome }) => `${step} ${outcome}`),
      PLACED_HISTORY,
    );
    assert.deepEqual(await moneyInWords(platform, orderId), [`authorization ${PRICE_MINOR}`]);
    assert.deepEqual(await parcel(platform, orderId), ['booking']);
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 10, reserved: 1 });
  }

  before(async () => {
    [customer, keeper] = await Promise.all([newCustomer(platform), admin(platform)]);
  });

  for (const lane of Lane.options) {
    it(`confirms an order in the lane ${lane}`, async () => {
      const sku = await newProduct(keeper, 10);
      const orderId = await placedIn(lane, sku);
      await confirmedOnce(orderId, sku);
      const client = temporal();
      const { local } = await historyCostOf(client.workflow.getHandle(orderWorkflowId(orderId)));
      await client.connection.close();
      const steps = local.map(({ name }) => name).filter((name) => /Stock|Payment|Shipment|InOneGo/.test(name));
      const expected = { durable: /^$/, 'local-first': /^reserveStock\b/, express: /^placeInOneGo/ };
      assert.match(steps.join(), expected[lane]);
    });

    it(`waits in the lane ${lane} for a service that hangs, in the open, and confirms the order`, async () => {
      const sku = await newProduct(keeper, 10);
      const resume = halted(platform, PAYMENT);
      const orderId = await placedIn(lane, sku);
      await eventually(async () => {
        const last = (await customer.history(orderId)).at(-1);
        assert.deepEqual([last?.step, last?.outcome], ['authorizePayment', 'started']);
      }).finally(resume);
      await confirmedOnce(orderId, sku);
    });

    it(`carries on in the lane ${lane} where the worker is killed between two steps`, async () => {
      const sku = await newProduct(keeper, 10);
      const resume = halted(platform, PAYMENT);
      const orderId = await placedIn(lane, sku);
      await eventually(async () => assert.partialDeepStrictEqual(await keeper.stock(sku), { reserved: 1 }));
      await platform.killPart(ORDER).finally(resume);
      await confirmedOnce(orderId, sku);
    });
  }

  for (const lane of ['local-first', 'express'] as const) {
    it(`confirms an order once in the lane ${lane} where the worker is killed before it could say so`, async () => {
      // With Temporal halted the worker takes every step and cannot report it; who is too slow is tried with another.
      for (;;) {
        const sku = await newProduct(keeper, 10);
        const resumePayment = halted(platform, PAYMENT);
        const orderId = await placedIn(lane, sku);
        await eventually(async () => assert.partialDeepStrictEqual(await keeper.stock(sku), { reserved: 1 }));
        const resumeTemporal = halted(platform, TEMPORAL);
        resumePayment();
        const seen = eventually(
          async () => assert.equal((await customer.order(orderId)).status, 'confirmed'),
          IN_VAIN_MS,
        );
        const unsaid = await seen.then(
          () => true,
          () => false,
        );
        const runsAgain = unsaid ? platform.killPart(ORDER) : undefined;
        resumeTemporal();
        await runsAgain;
        await confirmedOnce(orderId, sku);
        if (unsaid) return;
      }
    });
  }
}

/** Keeps a process from running, its connections open and unanswered, until what this answers is called. */
function halted(platform: Platform, command: string): () => void {
  const { pid } = platform.process(command);
  process.kill(pid, 'SIGSTOP');
  return () => void process.kill(pid, 'SIGCONT');
}
