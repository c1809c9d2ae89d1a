import assert from 'node:assert/strict';
import type { Kysely } from 'kysely';
import type { OrderActivities, OrderRequests } from '../../../activities/order.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { waiting } from '../../../services/order/metrics.ts';
import { createOrderRequests } from '../../../services/order/requests.ts';
import { Waiting } from '../../../services/order/waiting.ts';
import { WHOLESALER, fillWithOrders } from '../../../bench/studies/many-orders.ts';
import { type Explained, explained } from '../../../bench/studies/plans.ts';
import { activitiesOn, draft, orderStage } from './test-order-service.ts';

// Enough for the planner to mind reading all of it, few enough to be written in seconds.
const ORDERS = 10_000;
// An order's own story may be sorted; a list may not.
const SORTED_AT_MOST = 50;

describe('order service: plans over many orders', function () {
  this.timeout(120_000);
  const stage = orderStage();

  before(() => fillWithOrders(stage.database.ownerUrl, ORDERS));

  type Ask = (requests: OrderRequests, activities: OrderActivities, db: Kysely<OrderDatabase>) => Promise<unknown>;
  const plansOf = (ask: Ask): Promise<Explained[]> =>
    explained(stage.database.db, (db: Kysely<OrderDatabase>) =>
      ask(createOrderRequests(db, { waiting: new Waiting(), lane: 'durable' }), activitiesOn(db), db),
    );

  /** Touches no more than it answers, give or take a page: nothing is read whole and nothing is sorted. */
  async function isDirect(ask: Ask, mostBlocks: number): Promise<void> {
    const plans = await plansOf(ask);
    assert.ok(plans.length > 0);
    for (const { sql, nodes, plan } of plans) {
      const told = `${sql}\n${JSON.stringify(plan, undefined, 1)}`;
      assert.ok(!nodes.some((node) => node['Node Type'] === 'Seq Scan'), told);
      const sorted = nodes.filter((node) => node['Node Type'].endsWith('Sort')).flatMap(({ Plans = [] }) => Plans);
      assert.ok(!sorted.some((node) => (node['Actual Rows'] ?? 0) > SORTED_AT_MOST), told);
      const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
      assert.ok(blocks <= mostBlocks, `${blocks} blocks for ${told}`);
    }
  }

  const LIMIT = 20;
  const lists: Record<string, Parameters<OrderRequests['listOrders']>[0]> = {
    all: { limit: LIMIT },
    'of one status': { limit: LIMIT, status: 'confirmed' },
    'of a rare status': { limit: LIMIT, status: 'requires_action' },
    'of a status nobody has': { limit: LIMIT, status: 'pending' },
    'of a customer': { limit: LIMIT, customerId: WHOLESALER },
    'of a customer and a status': { limit: LIMIT, customerId: WHOLESALER, status: 'confirmed' },
    'of a customer and a rare status': { limit: LIMIT, customerId: WHOLESALER, status: 'requires_action' },
  };
  for (const [which, request] of Object.entries(lists)) {
    it(`lists orders, ${which}, without reading others, on the first page and on a later one`, async () => {
      await isDirect((requests) => requests.listOrders(request), 4 * LIMIT);
      const after = (await stage.requests.listOrders({ ...request, limit: 5 })).next;
      if (after) await isDirect((requests) => requests.listOrders({ ...request, after }), 4 * LIMIT);
    });
  }

  for (const state of ['open', 'resolved', undefined] as const) {
    it(`lists ${state ?? 'all'} interventions without reading others`, async () => {
      const request = { limit: 5, ...(state && { state }) };
      await isDirect((requests) => requests.listInterventions(request), 40);
      const after = (await stage.requests.listInterventions(request)).next!;
      await isDirect((requests) => requests.listInterventions({ ...request, after }), 40);
    });
  }

  it('reads one order, its story and its returns by themselves', async () => {
    const { items } = await stage.requests.listOrders({ limit: 1, customerId: WHOLESALER });
    const { id: orderId } = items[0]!;
    await isDirect((requests) => requests.getOrder({ orderId }), 8);
    await isDirect((requests) => requests.getHistory({ orderId }), 20);
    await isDirect((requests) => requests.listReturns({ orderId }), 20);
  });

  it('measures the backlog by what is undecided', () =>
    isDirect((requests) => requests.getBacklog({ youngerThanSeconds: 30 }), 200));

  it('tells what orders wait for by those that wait', () => isDirect((_requests, _activities, db) => waiting(db), 200));

  it('drafts, records and confirms an order, and asks a person about it, at its own rows', async () => {
    const asked = draft();
    await isDirect((requests) => requests.draftOrder(asked), 60);
    const { orderId } = asked;
    await isDirect((_requests, activities) => activities.recordOrder(stage.note(orderId, 'record')), 80);
    const confirm = { ...stage.note(orderId, 'confirm'), trackingNumber: 'SB-1' };
    await isDirect((_requests, activities) => activities.confirmOrder(confirm), 80);
    const interventionId = await stage.opened(orderId, 'capturePayment');
    const close = { interventionId, action: 'retry', note: 'seen', resolvedBy: 'admin' } as const;
    await isDirect((_requests, activities) => activities.closeIntervention({ ...stage.note(orderId), ...close }), 80);
  });
});
