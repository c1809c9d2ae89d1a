import assert from 'node:assert/strict';
import type { Kysely } from 'kysely';
import type { OrderRequests } from '../../../activities/order.ts';
import type { OrderFilter } from '../../../activities/order-search.ts';
import type { OrderActivities } from '../../../activities/order-bookkeeping.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { countInterventions, countWaitingOrders } from '../../../services/order/metrics.ts';
import { createOrderRequests } from '../../../services/order/requests.ts';
import { OrderWatcher } from '../../../services/order/order-watcher.ts';
import { POPULAR_SKU, WHOLESALER, fillWithOrders } from '../../../bench/studies/many-orders.ts';
import { type Explained, explained } from '../../../bench/studies/plans.ts';
import { activitiesOn, draft, orderStage } from './test-order-service.ts';

// Enough for the planner to avoid reading the whole table, few enough to be written in seconds.
const ORDERS = 10_000;
// The history of one order may be sorted; a list may not.
const MAX_SORTED_ROWS = 50;
// Some dozens of orders wait. Their ids are random, and so is how many pages of an index lead to each.
const BLOCKS_OF_WAITING = 300;

describe('order service: plans over many orders', function () {
  this.timeout(120_000);
  const stage = orderStage();

  before(() => fillWithOrders(stage.database.ownerUrl, ORDERS));

  type Query = (requests: OrderRequests, activities: OrderActivities, db: Kysely<OrderDatabase>) => Promise<unknown>;
  const plansOf = (query: Query): Promise<Explained[]> =>
    explained(stage.database.db, (db: Kysely<OrderDatabase>) =>
      query(createOrderRequests(db, { waiting: new OrderWatcher(), lane: 'durable' }), activitiesOn(db), db),
    );

  /** Asserts that the query reads about as many blocks as it returns rows: no full scan and no large sort. */
  async function assertDirect(query: Query, maxBlocks: number, maxSorted = MAX_SORTED_ROWS): Promise<void> {
    const plans = await plansOf(query);
    assert.ok(plans.length > 0);
    for (const { sql, nodes, plan } of plans) {
      const explanation = `${sql}\n${JSON.stringify(plan, undefined, 1)}`;
      assert.ok(!nodes.some((node) => node['Node Type'] === 'Seq Scan'), explanation);
      const sorted = nodes.filter((node) => node['Node Type'].endsWith('Sort')).flatMap(({ Plans = [] }) => Plans);
      assert.ok(!sorted.some((node) => (node['Actual Rows'] ?? 0) > maxSorted), explanation);
      const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
      assert.ok(blocks <= maxBlocks, `${blocks} blocks for ${explanation}`);
    }
  }

  const LIMIT = 20;
  const lists: Record<string, Parameters<OrderRequests['listOrders']>[0]> = {
    all: { limit: LIMIT },
    'of one status': { limit: LIMIT, status: 'confirmed' },
    'of a rare status': { limit: LIMIT, status: 'requires_action' },
    'of an unused status': { limit: LIMIT, status: 'pending' },
    'of a customer': { limit: LIMIT, customerId: WHOLESALER },
    'of a customer and a status': { limit: LIMIT, customerId: WHOLESALER, status: 'confirmed' },
    'of a customer and a rare status': { limit: LIMIT, customerId: WHOLESALER, status: 'requires_action' },
  };
  for (const [which, request] of Object.entries(lists)) {
    it(`lists orders, ${which}, without reading others, on the first page and on a later one`, async () => {
      await assertDirect((requests) => requests.listOrders(request), 4 * LIMIT);
      const after = (await stage.requests.listOrders({ ...request, limit: 5 })).next;
      if (after) await assertDirect((requests) => requests.listOrders({ ...request, after }), 4 * LIMIT);
    });
  }

  it('reads the parcels of a page in one statement, and none where every order travels in one', async () => {
    const statements = async (request: Parameters<OrderRequests['listOrders']>[0]) =>
      (await plansOf((requests) => requests.listOrders(request))).map(({ sql }) => /from "(\w+)"/.exec(sql)![1]);
    const read = await statements({ limit: 100, status: 'confirmed' });
    assert.deepEqual(
      read.filter((table) => table !== 'returns'),
      ['orders', 'parcels'],
    );
    assert.deepEqual(await statements({ limit: 100, status: 'rejected' }), ['orders']);
  });

  const interventions: Record<string, Omit<Parameters<OrderRequests['listInterventions']>[0], 'limit'>> = {
    all: {},
    open: { state: 'open' },
    resolved: { state: 'resolved' },
    'of one step': { step: 'capturePayment' },
    'of an unused step': { step: 'restockReturn' },
    'resolved ones of an unused step': { state: 'resolved', step: 'restockReturn' },
    'lately opened': { since: new Date(Date.now() - 3_600_000).toISOString() },
  };
  for (const [which, filter] of Object.entries(interventions)) {
    it(`lists interventions, ${which}, with what they block and what was tried, without reading others`, async () => {
      const request = { limit: 5, ...filter };
      // Of each: its order, its returns and the history of its step.
      await assertDirect((requests) => requests.listInterventions(request), 120);
      const { items, next: after } = await stage.requests.listInterventions(request);
      for (const { id: interventionId } of items)
        await assertDirect((requests) => requests.getIntervention({ interventionId }), 25);
      if (after) await assertDirect((requests) => requests.listInterventions({ ...request, after }), 120);
    });
  }

  const hour = (ago: number) => new Date(Date.now() - ago * 3_600_000).toISOString();
  // A page is found in the index, and then each order and its contact by their ids.
  const page = 12 * LIMIT;
  const searches: Record<string, { filter: OrderFilter; blocks?: number }> = {
    'all orders': { filter: {} },
    'a number': { filter: { number: 10_500 } },
    'an e-mail address': { filter: { email: 'customer77@' } },
    'a wholesaler’s e-mail address': { filter: { email: 'buyer@' } },
    'a wholesaler’s e-mail address and a rare status': { filter: { email: 'buyer@', status: 'requires_action' } },
    'a rare SKU': { filter: { sku: 'SKU-77' } },
    'a popular SKU': { filter: { sku: POPULAR_SKU } },
    'a popular SKU of a customer': { filter: { sku: POPULAR_SKU, email: 'buyer@' } },
    'a tracking number': { filter: { trackingNumber: 'SB-4711' } },
    'late parcels': { filter: { late: true } },
    'late parcels of a customer': { filter: { late: true, customerId: WHOLESALER } },
    'late parcels with a popular SKU': { filter: { late: true, sku: POPULAR_SKU } },
    'no late parcels': { filter: { late: false } },
    'a payment status': { filter: { paymentStatus: 'captured' } },
    'a rare payment status': { filter: { paymentStatus: 'authorized' } },
    'an unused payment status': { filter: { paymentStatus: 'awaiting_customer' } },
    'a fulfillment status': { filter: { fulfillmentStatus: 'delivered' } },
    'a rare fulfillment status': { filter: { fulfillmentStatus: 'shipped' } },
    'an unused fulfillment status': { filter: { fulfillmentStatus: 'returned' } },
    'an hour': { filter: { from: hour(2), before: hour(1) } },
    'a time without orders': { filter: { before: '2020-01-01T00:00:00.000Z' } },
    'usual totals': { filter: { minTotalMinor: 300, maxTotalMinor: 2_000 } },
    'totals that are rare': { filter: { minTotalMinor: 1_000_000 } },
    'one box, with a number': { filter: { q: '10500' } },
    'one box, with a tracking number': { filter: { q: 'SB-4711' } },
    'one box, with a popular SKU': { filter: { q: POPULAR_SKU } },
    'one box, with a rare name': { filter: { q: 'zhukov' } },
    // 250 customers, each of whose orders are found by one descent of the index.
    'one box, with a frequent name': { filter: { q: 'smith' }, blocks: 250 * 14 },
    'one box, with nothing that fits': { filter: { q: 'qwertyuiop' } },
  };
  for (const [which, { filter, blocks = page }] of Object.entries(searches)) {
    it(`searches for ${which} without reading others, on the first page and on a later one`, async () => {
      const limit = LIMIT;
      const maxSorted = blocks === page ? 4 * LIMIT : blocks;
      await assertDirect((requests) => requests.searchOrders({ ...filter, limit }), blocks, maxSorted);
      await assertDirect((requests) => requests.exportOrders({ ...filter, limit }), blocks, maxSorted);
      const after = (await stage.requests.searchOrders({ ...filter, limit: 5 })).next;
      if (after)
        await assertDirect((requests) => requests.searchOrders({ ...filter, limit, after }), blocks, maxSorted);
    });
  }

  const parcelLists: Record<string, Omit<Parameters<OrderRequests['listParcels']>[0], 'limit'>> = {
    all: {},
    'that are late': { late: true },
    'that are not late': { late: false },
    'that are booked': { status: 'booked' },
    'that are booked and late': { status: 'booked', late: true },
    'that are on their way': { status: 'dispatched' },
    'that are lost': { status: 'lost' },
    'that are delivered': { status: 'delivered' },
    'that are canceled': { status: 'canceled' },
    'of an unused status': { status: 'returned_to_sender' },
  };
  for (const [which, request] of Object.entries(parcelLists)) {
    it(`lists parcels ${which}, in one parcel an order or in several, without reading others`, async () => {
      const [limit, maxSorted] = [LIMIT, 4 * LIMIT];
      await assertDirect((requests) => requests.listParcels({ ...request, limit }), page, maxSorted);
      const { items, next: after } = await stage.requests.listParcels({ ...request, limit: 5 });
      for (const { parcel } of items.slice(0, 2)) {
        await assertDirect((requests) => requests.getParcel({ parcelId: parcel.id }), 16);
      }
      if (after) await assertDirect((requests) => requests.listParcels({ ...request, limit, after }), page, maxSorted);
    });
  }

  it('has parcels of both kinds that are late', async () => {
    const { items } = await stage.requests.listParcels({ late: true, limit: 100 });
    const kinds = items.map(({ parcel, orderId }) => parcel.id === orderId);
    assert.deepEqual(new Set(kinds), new Set([true, false]));
    assert.ok(items.every(({ late }) => late));
  });

  it('reads an order’s notes and the contacts of a page without reading others', async () => {
    const { items } = await stage.requests.listOrders({ limit: LIMIT });
    const customerIds = items.map(({ customerId }) => customerId);
    await assertDirect((requests) => requests.getContacts({ customerIds }), 4 * LIMIT);
    await assertDirect((requests) => requests.listNotes({ orderId: items[0]!.id, limit: LIMIT }), 20);
  });

  it('reports the sales of two minutes from the orders of these minutes only', async () => {
    // An order for each second.
    const period = { from: hour(2), before: hour(2 - 2 / 60) };
    for (const by of ['day', 'sku', 'country'] as const) {
      await assertDirect((requests) => requests.reportSales({ by, ...period }), 120 * 6, 130);
    }
  });

  it('counts the open interventions without reading the others', () =>
    assertDirect((_requests, _activities, db) => countInterventions(db), 40));

  it('reads one order, its history and its returns without reading others', async () => {
    const { items } = await stage.requests.listOrders({ limit: 1, customerId: WHOLESALER });
    const { id: orderId } = items[0]!;
    await assertDirect((requests) => requests.getOrder({ orderId }), 8);
    await assertDirect((requests) => requests.getHistory({ orderId }), 20);
    await assertDirect((requests) => requests.listReturns({ orderId }), 20);
  });

  it('reads the backlog from the undecided orders only', () =>
    assertDirect((requests) => requests.getBacklog({ youngerThanSeconds: 30 }), 200));

  it('reads what orders wait for from the waiting orders only', () =>
    assertDirect((_requests, _activities, db) => countWaitingOrders(db), BLOCKS_OF_WAITING));

  it('drafts, records and confirms an order, and handles an intervention, by its own rows only', async () => {
    const draftRequest = draft();
    await assertDirect((requests) => requests.placeOrder(draftRequest), 60);
    const { orderId } = draftRequest;
    await assertDirect((_requests, activities) => activities.recordOrder(stage.note(orderId, 'record')), 80);
    const confirm = { ...stage.note(orderId, 'confirm'), trackingNumber: 'SB-1' };
    await assertDirect((_requests, activities) => activities.confirmOrder(confirm), 80);
    const interventionId = await stage.opened(orderId, 'capturePayment');
    const close = { interventionId, action: 'retry', note: 'seen', resolvedBy: 'admin' } as const;
    await assertDirect(
      (_requests, activities) => activities.closeIntervention({ ...stage.note(orderId), ...close }),
      80,
    );
  });
});
