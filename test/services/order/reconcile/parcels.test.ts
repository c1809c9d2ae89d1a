import assert from 'node:assert/strict';
import type { OrderStockTotals } from '../../../../activities/inventory.ts';
import type { ShipmentStatus } from '../../../../activities/shipping.ts';
import type { Account, CarrierItem } from '../../../../services/order/reconcile/account.ts';
import { checkRules } from '../../../../services/order/reconcile/rules.ts';
import { STAGES, movement } from './accounts.ts';
import { options, sourcesOf } from './ledgers.ts';
import { compare } from '../../../../services/order/reconcile/compare.ts';
import { UnsortedLedger } from '../../../../services/order/reconcile/sources.ts';

type Totals = Partial<Omit<OrderStockTotals['lines'][number], 'sku'>>;

const PARCELS = ['SB1', 'SB2', 'SB3'];
const NOTHING = { reserved: 0, released: 0, committed: 0, restocked: 0 };
const ENTRIES: Record<ShipmentStatus, CarrierItem['type'][]> = {
  booked: ['booking'],
  dispatched: ['booking', 'dispatch'],
  delayed: ['booking', 'dispatch'],
  lost: ['booking', 'dispatch'],
  returned_to_sender: ['booking', 'dispatch', 'return'],
  delivered: ['booking', 'dispatch', 'delivery'],
  canceled: ['booking', 'cancellation'],
};
const { orderId } = STAGES.shipped();
/** The first parcel has the order's id. */
const idOf = (index: number): string => (index === 0 ? orderId : `${orderId.slice(0, -1)}${index + 1}`);

/** The account of an order of two A and one B, that is as `stage` in every other respect, in these parcels. */
function inParcels(stage: () => Account, statuses: ShipmentStatus[], a: Totals, b: Totals): Account {
  const account = stage();
  const known = statuses.map((status, index) => ({ status, id: idOf(index), trackingNumber: PARCELS[index]! }));
  return {
    ...account,
    order: {
      ...account.order!,
      parcels: known.map(({ id, status, trackingNumber }) => ({ id, status, trackingNumber })),
    },
    shipments: known.map(({ id, ...shipment }) => ({ orderId, parcelId: id, ...shipment })),
    carrier: known.flatMap(({ status, trackingNumber }) =>
      ENTRIES[status].map((type) => ({ ...movement(type), trackingNumber })),
    ),
    stock: {
      orderId,
      lines: [
        { sku: 'A', ...NOTHING, ...a },
        { sku: 'B', ...NOTHING, ...b },
      ],
    },
  };
}
function changed(account: Account, index: number, status: ShipmentStatus): Account {
  return { ...account, shipments: account.shipments.map((one, at) => (at === index ? { ...one, status } : one)) };
}
function withOrder(account: Account, different: Partial<NonNullable<Account['order']>>): Account {
  return { ...account, order: { ...account.order!, ...different } };
}

/** All that was held is released, at the processor too. */
const released = (account: Account): Account => ({
  ...account,
  payment: { ...account.payment!, voidedMinor: account.payment!.authorizedMinor },
  processor: [...account.processor, { ...account.processor[0]!, type: 'void' }],
});

const all = { reserved: 2, committed: 2 };
const one = { reserved: 1, committed: 1 };
const { confirmed, shipped, delivered, canceled } = STAGES;

describe('the rules of reconciliation for orders in several parcels', () => {
  const AGREEING: Record<string, Account> = {
    'booked in two': inParcels(confirmed, ['booked', 'booked'], { reserved: 2 }, { reserved: 1 }),
    'split: the first parcel was canceled': inParcels(
      confirmed,
      ['canceled', 'booked', 'booked'],
      { reserved: 2 },
      { reserved: 1 },
    ),
    'shipped in two': inParcels(shipped, ['dispatched', 'delayed'], all, one),
    'late, and delayed after that': withOrder(inParcels(shipped, ['dispatched', 'delayed'], all, one), {
      parcels: [
        { id: idOf(0), status: 'dispatched', trackingNumber: 'SB1' },
        { id: idOf(1), status: 'dispatched', trackingNumber: 'SB2' },
      ],
    }),
    'delivered in two': inParcels(delivered, ['delivered', 'delivered'], all, one),
    'lost and sent again': inParcels(delivered, ['lost', 'delivered'], { reserved: 4, committed: 4 }, one),
    'lost, and not sent again because the customer did not wait': inParcels(
      delivered,
      ['lost', 'canceled', 'delivered'],
      { reserved: 4, committed: 2, released: 2 },
      one,
    ),
    'returned to its sender and sent again': inParcels(
      delivered,
      ['returned_to_sender', 'delivered'],
      { reserved: 4, committed: 4, restocked: 2 },
      { reserved: 2, committed: 2, restocked: 1 },
    ),
    'partly canceled before it left': withOrder(
      inParcels(delivered, ['delivered'], { reserved: 2, released: 1, committed: 1 }, one),
      { canceled: [{ sku: 'A', quantity: 1 }] },
    ),
    'canceled in two': inParcels(
      canceled,
      ['canceled', 'canceled'],
      { reserved: 2, released: 2 },
      { reserved: 1, released: 1 },
    ),
    'delayed, of an order service that knows no parcels': withOrder(inParcels(shipped, ['delayed'], all, one), {
      parcels: undefined,
    }),
    'with a parcel that waits to be booked': withOrder(
      inParcels(confirmed, ['canceled', 'booked'], { reserved: 2 }, { reserved: 1 }),
      {
        parcels: [
          { id: idOf(0), status: 'canceled', trackingNumber: null },
          { id: idOf(1), status: 'booked', trackingNumber: null },
          { id: idOf(2), status: 'waiting', trackingNumber: null },
        ],
      },
    ),
  };
  for (const [name, account] of Object.entries(AGREEING)) {
    it(`accept one that is ${name}`, () => assert.deepEqual(checkRules(account), []));
  }

  const two = AGREEING['shipped in two']!;
  const DIFFERING: [name: string, account: Account, findings: Record<string, [expected: string, found: string]>][] = [
    [
      'a second parcel that the carrier does not know',
      { ...two, carrier: two.carrier.filter(({ trackingNumber }) => trackingNumber !== 'SB2') },
      { 'carrier-ledger': ['SB1: booking, dispatch; SB2: booking, dispatch', 'SB1: booking, dispatch; SB2: nothing'] },
    ],
    [
      'a parcel of the carrier that we do not know',
      {
        ...two,
        shipments: two.shipments.slice(0, 1),
        order: { ...two.order!, parcels: [{ id: orderId, status: 'dispatched', trackingNumber: null }] },
      },
      {
        'carrier-ledger': [
          'SB1: booking, dispatch; SB2: booking, cancellation',
          'SB1: booking, dispatch; SB2: booking, dispatch',
        ],
        'tracking-number': ['SB1', 'SB1, SB2'],
      },
    ],
    [
      'a parcel that was dispatched at the carrier only',
      changed(inParcels(confirmed, ['booked', 'dispatched'], all, one), 1, 'booked'),
      {
        shipment: [`${idOf(0)}: booked; ${idOf(1)}: dispatched`, `${idOf(0)}: booked; ${idOf(1)}: booked`],
        'carrier-ledger': ['SB1: booking; SB2: booking', 'SB1: booking; SB2: booking, dispatch'],
        'stock-ledger': ['committed A ×0, committed B ×0', 'committed A ×2, committed B ×1'],
      },
    ],
    [
      'a parcel that was canceled in the order service only',
      withOrder(AGREEING['booked in two']!, {
        parcels: [
          { id: idOf(0), status: 'booked', trackingNumber: null },
          { id: idOf(1), status: 'canceled', trackingNumber: null },
        ],
      }),
      { shipment: [`${idOf(0)}: booked; ${idOf(1)}: canceled`, `${idOf(0)}: booked; ${idOf(1)}: booked`] },
    ],
    [
      'goods that are still reserved although every parcel has left',
      inParcels(shipped, ['dispatched', 'dispatched'], { reserved: 2, committed: 1 }, one),
      { 'stock-ledger': ['committed A ×2', 'committed A ×1'] },
    ],
    [
      'goods that left before the first parcel',
      inParcels(confirmed, ['booked', 'booked'], { reserved: 2, committed: 1 }, { reserved: 1 }),
      { 'stock-ledger': ['committed A ×0', 'committed A ×1'] },
    ],
    [
      'more goods back in stock than have left',
      inParcels(delivered, ['returned_to_sender', 'delivered'], { ...all, restocked: 3 }, one),
      { 'stock-ledger': ['restocked A ×2', 'restocked A ×3'] },
    ],
    [
      'goods of a canceled order that are still reserved',
      inParcels(canceled, ['canceled', 'canceled'], { reserved: 2, released: 1 }, { reserved: 1, released: 1 }),
      { 'stock-ledger': ['released A ×2', 'released A ×1'] },
    ],
    [
      'pieces that have left and are for sale again',
      inParcels(delivered, ['delivered', 'delivered'], { reserved: 2, released: 1, committed: 1 }, one),
      { 'stock-ledger': ['committed A ×2, released A ×0', 'committed A ×1, released A ×1'] },
    ],
    [
      'a hold that is gone although only a piece was canceled',
      released(
        withOrder(inParcels(confirmed, ['booked'], { reserved: 2, released: 1 }, { reserved: 1 }), {
          canceled: [{ sku: 'A', quantity: 1 }],
          canceledMinor: 100,
        }),
      ),
      {
        'payment-ledger': [
          'authorized 700, voided 100, captured 0, refunded 0',
          'authorized 700, voided 700, captured 0, refunded 0',
        ],
      },
    ],
    [
      'pieces that were canceled and not released',
      withOrder(inParcels(confirmed, ['booked'], { reserved: 2 }, { reserved: 1 }), {
        canceled: [{ sku: 'A', quantity: 1 }],
      }),
      { 'stock-ledger': ['released A ×1', 'released A ×0'] },
    ],
    [
      'a parcel that came back twice',
      ((account) => ({ ...account, carrier: [...account.carrier, { ...movement('return'), trackingNumber: 'SB1' }] }))(
        AGREEING['returned to its sender and sent again']!,
      ),
      { 'returned-to-sender-once': ['at most 1', '2'] },
    ],
  ];
  for (const [name, account, findings] of DIFFERING) {
    it(`find ${name}`, () => {
      const found = checkRules(account).map(({ rule, expected, found: is }) => [rule, [expected, is]]);
      assert.deepEqual(Object.fromEntries(found), findings);
    });
  }

  it('say how many shipments there are without an order', () => {
    const [finding] = checkRules({ ...two, order: undefined });
    assert.match(finding!.found, /, 2 shipments, /);
  });
});

describe('reading the shipments of orders', () => {
  it('finds all parcels of an order, also where pages part them', async () => {
    const accounts = [inParcels(shipped, ['dispatched', 'delayed', 'dispatched'], all, one)];
    const another = 'ffffffff-0000-4000-8000-000000000001';
    const behind = JSON.parse(JSON.stringify(accounts[0]).replaceAll(orderId, another)) as Account;
    const both = [...accounts, { ...behind, carrier: [] }];
    const { discrepancies } = await compare(
      sourcesOf(() => both),
      options(),
    );
    assert.deepEqual(
      discrepancies.map(({ orderId: id, rule }) => [id, rule]),
      [
        [another, 'captured-only-after-dispatch'],
        [another, 'carrier-ledger'],
      ],
    );
  });

  it('refuses a ledger in which another order is between two parcels of one', async () => {
    const account = inParcels(shipped, ['dispatched', 'dispatched'], all, one);
    const [first, second] = account.shipments;
    const sources = sourcesOf(() => [account]);
    const between = { ...first!, orderId: 'ffffffff-0000-4000-8000-000000000001' };
    const shipping = async () => ({ items: [first!, between, second!], next: null });
    await assert.rejects(compare({ ...sources, shipping }, options()), UnsortedLedger);
  });
});
