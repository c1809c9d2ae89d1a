import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Lane } from '../../activities/lane.ts';
import { orderRequests } from '../../activities/order.ts';
import { createWorkflows } from '../../gateway/upstream/workflow-client.ts';
import { createClient } from '../../platform/http/client.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { eventually } from '../stage/eventually.ts';
import { PLACED_HISTORY } from '../stage/placed-history.ts';
import { type HistoryCost, historyCostOf } from '../stage/history-cost.ts';
import { moneyInWords, parcel } from '../stage/outside-ledgers.ts';
import type { Platform } from '../stage/test-platform.ts';
import { environmentOf } from '../stage/processes.ts';
import { halt } from './halt.ts';
import {
  PRICE_MINOR,
  type ShopUser,
  signInAsAdmin,
  newCustomer,
  newProduct,
  orderRequest,
} from '../stage/shop-users.ts';

const LANES = ['durable', 'local-first'] as const satisfies Lane[];
const ORDER = { name: 'order', command: 'services/main.ts order' };
const PAYMENT = 'services/main.ts payment';
const TEMPORAL = 'server start-dev';

/** The lanes whose worker first tries the steps itself and reports them to Temporal together. */
const REPORTED_LATE = ['local-first'] as const;

// Longer than the first tries of all steps together, far shorter than a durable step's timeout.
const FIRST_TRIES_MS = 6_000;

interface LaneOrder {
  lane: Lane;
  orderId: string;
  /** No other order has this SKU. */
  sku: string;
}

/**
 * Tests of the lanes whose workflow takes the steps, on a platform whose services are separate processes so that one can be
 * stopped. Call it in `describe`. One outage serves an order in each lane: Temporal notices a killed worker only after 10 s.
 */
export function laneTests(platform: Platform): void {
  let customer: ShopUser;
  let admin: ShopUser;
  /** Orders whose worker was killed after it had confirmed them and before it reported the steps. */
  const unreported: LaneOrder[] = [];
  const temporal = () =>
    createTemporalClient({ address: `127.0.0.1:${platform.setting('TEMPORAL_PORT')}`, namespace: 'default' });

  /** Places an order as the gateway does, in any lane, whichever the order service is set to. */
  async function place(lane: Lane): Promise<LaneOrder> {
    const sku = await newProduct(admin, 10);
    const { paymentMethod, shippingAddress } = orderRequest();
    const total = { amountMinor: PRICE_MINOR, currency: 'GBP' };
    const order = { orderId: randomUUID(), customerId: customer.id, total, paymentMethod, shippingAddress };
    const line = { sku, quantity: 1 };
    await orderService(platform).placeOrder({
      ...order,
      lines: [{ ...line, name: 'A test product', unitPrice: total }],
    });
    const client = temporal();
    await createWorkflows(client)
      .startOrder({ input: { ...order, lines: [line] }, lane })
      .finally(() => client.connection.close());
    return { lane, orderId: order.orderId, sku };
  }

  const placeInEach = (lanes: readonly Lane[]): Promise<LaneOrder[]> => Promise.all(lanes.map(place));

  const untilStockReserved = ({ sku }: LaneOrder): Promise<void> =>
    eventually(async () => assert.partialDeepStrictEqual(await admin.stock(sku), { reserved: 1 }));

  const untilPaymentStarted = ({ lane, orderId }: LaneOrder): Promise<void> =>
    eventually(async () => {
      const last = (await customer.history(orderId)).at(-1);
      assert.deepEqual([lane, last?.step, last?.outcome], [lane, 'authorizePayment', 'started']);
    });

  /** Confirmed, with the whole history, and one authorization, one booking and one reservation. */
  async function expectConfirmedOnce({ orderId, sku }: LaneOrder): Promise<void> {
    await customer.waitForOrder(orderId, { status: 'confirmed', paymentStatus: 'authorized' });
    const history = await customer.history(orderId);
    assert.deepEqual(
      history.map(({ step, outcome }) => `${step} ${outcome}`),
      PLACED_HISTORY,
    );
    assert.deepEqual(await moneyInWords(platform, orderId), [`authorization ${PRICE_MINOR}`]);
    assert.deepEqual(await parcel(platform, orderId), ['booking']);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 10, reserved: 1 });
  }

  const isConfirmedSoon = ({ orderId }: LaneOrder): Promise<boolean> =>
    eventually(async () => assert.equal((await customer.order(orderId)).status, 'confirmed'), FIRST_TRIES_MS).then(
      () => true,
      () => false,
    );

  /** Waits until the workflow of the confirmed order waits for its dispatch. */
  async function historyUntilTimer({ orderId }: LaneOrder): Promise<HistoryCost> {
    const client = temporal();
    return historyCostOf(client.workflow.getHandle(orderWorkflowId(orderId))).finally(() => client.connection.close());
  }

  before(async () => {
    [customer, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  for (const lane of LANES) {
    it(`confirms an order in the lane ${lane}`, async () => {
      const order = await place(lane);
      await expectConfirmedOnce(order);
      const { local } = await historyUntilTimer(order);
      const steps = local.map(({ name }) => name).filter((name) => /Stock|Payment|Shipment|placeAtOnce/.test(name));
      const expected = { durable: /^$/, 'local-first': /^placeAtOnce\b/ };
      assert.match(steps.join(), expected[lane]);
    });
  }

  testEach(
    LANES,
    (lane) => `shows in the history that an order in the lane ${lane} waits for a service that hangs, and confirms it`,
    async () => {
      const resume = halt(platform, PAYMENT);
      try {
        const orders = await placeInEach(LANES);
        await Promise.all(orders.map(untilPaymentStarted));
        return orders;
      } finally {
        resume();
      }
    },
  );

  testEach(
    REPORTED_LATE,
    (lane) => `confirms an order in the lane ${lane} once although its worker was killed before it reported the steps`,
    async () => {
      for (let lanes: readonly Lane[] = REPORTED_LATE; lanes.length > 0;) {
        const orders = await killBeforeReport(lanes);
        unreported.push(...orders.filter(({ confirmed }) => confirmed));
        // On a busy machine the first tries may take too long. Then the lane's next order is tried.
        const tooSlow = orders.filter(({ confirmed }) => !confirmed);
        await Promise.all(tooSlow.map(expectConfirmedOnce));
        lanes = tooSlow.map(({ lane }) => lane);
      }
      return unreported;
    },
  );

  testEach(
    LANES,
    (lane) => `confirms an order in the lane ${lane} after its worker was killed between two steps`,
    async () => {
      const resume = halt(platform, PAYMENT);
      try {
        const orders = await placeInEach(LANES);
        await Promise.all(orders.map(untilStockReserved));
        await platform.killProcess(ORDER);
        return orders;
      } finally {
        resume();
      }
    },
  );

  it('continues the workflows whose worker was killed before it reported the steps, and repeats no effect', async () => {
    assert.equal(unreported.length, REPORTED_LATE.length);
    // Temporal retries their lost tasks after 10 s, during the tests above.
    for (const order of unreported) {
      await historyUntilTimer(order);
      await expectConfirmedOnce(order);
    }
  });

  /** While Temporal is halted the worker carries out every step and cannot report it. */
  async function killBeforeReport(lanes: readonly Lane[]): Promise<(LaneOrder & { confirmed: boolean })[]> {
    const resumePayment = halt(platform, PAYMENT);
    let resumeTemporal = () => {};
    let orders: LaneOrder[];
    try {
      orders = await placeInEach(lanes);
      await Promise.all(orders.map(untilStockReserved));
      resumeTemporal = halt(platform, TEMPORAL);
    } finally {
      resumePayment();
    }
    const confirmed = await Promise.all(orders.map(isConfirmedSoon));
    const restarted = confirmed.includes(true) ? platform.killProcess(ORDER) : undefined;
    resumeTemporal();
    await restarted;
    return orders.map((order, at) => ({ ...order, confirmed: confirmed[at]! }));
  }

  /** One test for each lane, of the orders that `prepare` places for all of them. It runs once. */
  function testEach(lanes: readonly Lane[], name: (lane: Lane) => string, prepare: () => Promise<LaneOrder[]>): void {
    let prepared: Promise<LaneOrder[]> | undefined;
    for (const lane of lanes) {
      it(name(lane), async () => {
        const orders = await (prepared ??= prepare());
        await expectConfirmedOnce(orders.find((order) => order.lane === lane)!);
      });
    }
  }
}

/** The running order service's requests, with the token that its process was given. */
function orderService(platform: Platform) {
  const environment = environmentOf(platform.process(ORDER.command).pid);
  const setting = (name: string) => environment.find((one) => one.startsWith(`${name}=`))!.slice(name.length + 1);
  const urls = [`http://127.0.0.1:${setting('ORDER_PORT')}`];
  return createClient({ service: 'order', urls, token: setting('SERVICE_TOKEN') }, 'requests', orderRequests);
}
