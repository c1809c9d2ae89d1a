import assert from 'node:assert/strict';
import type { Account } from '../../../../services/order/reconcile/account.ts';
import { compare } from '../../../../services/order/reconcile/compare.ts';
import { UnsortedLedger, readAccounts } from '../../../../services/order/reconcile/sources.ts';
import { STAGES } from './accounts.ts';
import { JUST_AFTER, STAGE_LIST, allOf, idOf, options, renamed, someOrders, sourcesOf } from './ledgers.ts';

describe('reading six ledgers and Temporal side by side', () => {
  it('merges the entries of each order across pages, by ascending order id', async () => {
    const accounts = someOrders(40);
    const read = await allOf(readAccounts(sourcesOf(() => accounts)));
    assert.deepEqual(
      read.map(({ orderId }) => orderId),
      accounts.map(({ orderId }) => orderId),
    );
    for (const [n, account] of read.entries()) {
      const { processor, carrier, ...ours } = accounts[n]!;
      assert.deepEqual(
        { ...account, processor: undefined, carrier: undefined },
        {
          order: undefined,
          payment: undefined,
          stock: undefined,
          ...ours,
          processor: undefined,
          carrier: undefined,
        },
      );
      assert.deepEqual(account.processor.toReversed(), processor);
      assert.deepEqual(account.carrier.toReversed(), carrier);
    }
  });

  it('rejects an unsorted ledger', async () => {
    const accounts = someOrders(3).toReversed();
    await assert.rejects(allOf(readAccounts(sourcesOf(() => accounts))), UnsortedLedger);
  });
});

describe('reconciliation', () => {
  it('finds no discrepancy in consistent ledgers', async () => {
    const { orders, discrepancies, balances, open } = await compare(
      sourcesOf(() => someOrders(STAGE_LIST.length * 2)),
      options(),
    );
    assert.equal(orders, STAGE_LIST.length * 2);
    assert.deepEqual([discrepancies, balances], [[], []]);
    assert.deepEqual(open.toJSON(), { pending: 2, 'being captured': 2, requires_action: 4 });
  });

  it('reports the order and the rule of each discrepancy once', async () => {
    const accounts = someOrders(STAGE_LIST.length);
    const wrong = accounts.find(({ order }) => order!.fulfillmentStatus === 'delivered')!;
    wrong.processor = [...wrong.processor, wrong.processor[1]!];
    const { discrepancies } = await compare(
      sourcesOf(() => accounts),
      options(),
    );
    assert.deepEqual(
      discrepancies.map(({ orderId, rule }) => `${orderId} ${rule}`),
      ['captured-within-total', 'released-within-authorized', 'processor-ledger'].map(
        (rule) => `${wrong.orderId} ${rule}`,
      ),
    );
  });

  it('finds entries at the processor and the carrier without an order, wherever they sort', async () => {
    for (const n of [-1, 5, 99]) {
      const accounts = someOrders(10);
      const id = n < 0 ? '00000000-0000-0000-0000-000000000000' : `${idOf(n).slice(0, -1)}f`;
      const foreign = {
        ...renamed(STAGES.confirmed(), id),
        order: undefined,
        payment: undefined,
        stock: undefined,
        shipments: [],
      };
      const { discrepancies } = await compare(
        sourcesOf(() => [...accounts, foreign].toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1))),
        options(),
      );
      assert.deepEqual(
        discrepancies.map(({ orderId, rule }) => [orderId, rule]),
        [[id, 'order-exists']],
      );
    }
  });

  it('does not report an order that was read in the middle of a step and is consistent in the second reading', async () => {
    const caught = { ...STAGES.confirmed(), processor: [] };
    let readings = 0;
    const { discrepancies, open } = await compare(
      sourcesOf(() => [readings === 0 ? caught : STAGES.confirmed()]),
      options({ pause: async () => void readings++ }),
    );
    assert.deepEqual([discrepancies, open.toJSON()], [[], {}]);
    assert.equal(readings, 1);
  });

  it('reports an inconsistent order only once it stops changing', async () => {
    const moving = { ...STAGES.confirmed(), processor: [] };
    const resting = { ...STAGES.confirmed(), carrier: [] };
    let readings = 0;
    const { discrepancies } = await compare(
      sourcesOf(() => [readings === 0 ? moving : resting]),
      options({ pause: async () => void readings++ }),
    );
    assert.deepEqual(
      discrepancies.map(({ rule }) => rule),
      ['carrier-ledger'],
    );
    assert.equal(readings, 2);
  });

  it('counts an order as open if it changes between all readings', async () => {
    let readings = 0;
    const restless = (): Account => {
      const account = STAGES.confirmed();
      return { ...account, order: { ...account.order!, refundedMinor: readings + 1 } };
    };
    const { discrepancies, open } = await compare(
      sourcesOf(() => [restless()]),
      options({ pause: async () => void readings++ }),
    );
    assert.deepEqual([discrepancies, open.toJSON()], [[], { moving: 1 }]);
  });

  it('reports orders that are in progress for too long', async () => {
    const accounts = [STAGES.pending(), STAGES['being captured'](), STAGES['waiting for a person']()].map(
      (account, n) => renamed(account, idOf(n)),
    );
    const later = () => JUST_AFTER + 16 * 60_000;
    const { discrepancies } = await compare(
      sourcesOf(() => accounts),
      options({ now: later }),
    );
    assert.deepEqual(
      discrepancies.map(({ rule, expected, found }) => `${rule} ${expected}: ${found}`),
      ['pending', 'being captured', 'requires_action'].map(
        (status) => `stuck finished within 15 minutes: ${status} since 2026-01-05T09:00:00.000Z`,
      ),
    );
  });

  it('lets a customer confirm a payment as long as the order waits', async () => {
    const { order, ...ledgers } = STAGES.pending();
    const until = new Date(JUST_AFTER + 30 * 60_000).toISOString();
    const account: Account = { ...ledgers, order: { ...order, awaitsCustomerUntil: until } };
    const stuckAfter = async (minutes: number) => {
      const now = () => JUST_AFTER + minutes * 60_000;
      return (
        await compare(
          sourcesOf(() => [account]),
          options({ now }),
        )
      ).discrepancies.length;
    };
    assert.deepEqual([await stuckAfter(29), await stuckAfter(44), await stuckAfter(46)], [0, 0, 1]);
  });

  it('includes the discrepancies within a ledger', async () => {
    const { balances } = await compare(
      sourcesOf(() => [], ['A: on hand 1, by the ledger 2']),
      options(),
    );
    assert.deepEqual(balances, ['A: on hand 1, by the ledger 2']);
  });

  it('fails if a ledger cannot be read', async () => {
    const sources = { ...sourcesOf(() => someOrders(2)), carrier: async () => Promise.reject(new Error('down')) };
    await assert.rejects(compare(sources, options()), /down/);
  });
});
