import assert from 'node:assert/strict';
import type { Account } from '../../../../services/order/reconcile/account.ts';
import { compare, findingsOf } from '../../../../services/order/reconcile/compare.ts';
import { type Sources, readAccounts, readEach } from '../../../../services/order/reconcile/sources.ts';
import { STAGES, anAccount } from './accounts.ts';
import { STAGE_LIST, allOf, idOf, options, renamed, someOrders, sourcesOf } from './ledgers.ts';

describe('what is outside, read in parts', () => {
  const ORDERS = someOrders(STAGE_LIST.length * 2);
  const foreign = (id: string): Account => renamed(anAccount({ workflowRuns: true }), id);
  /** In memory at the same time, and how often the processor's ledger was read from its beginning. */
  async function readIn(windowEntries: number, accounts: readonly Account[]) {
    let readings = 0;
    const sources = sourcesOf(() => accounts);
    const processor: Sources['processor'] = (request) => {
      if (request.after === undefined) readings += 1;
      return sources.processor!(request);
    };
    const read = await allOf(readAccounts({ ...sources, processor }, { windowEntries }));
    return { read, readings };
  }

  it('is the same however little fits into memory', async () => {
    const accounts = [...ORDERS, foreign(idOf(90)), foreign(idOf(91))];
    const whole = await readIn(1_000, accounts);
    assert.equal(whole.readings, 1);
    assert.equal(whole.read.length, accounts.length);
    for (const few of [1, 2, 3, 5, 8, 13]) {
      const { read, readings } = await readIn(few, accounts);
      assert.deepEqual(read, whole.read, String(few));
      assert.ok(readings > 1, String(few));
    }
  });

  it('keeps an order whole that has more entries than fit', async () => {
    const { processor, ...rest } = STAGES.confirmed();
    const many = { ...rest, processor: Array.from({ length: 20 }, () => processor[0]!) };
    const accounts = [renamed(many, idOf(1)), renamed(STAGES.confirmed(), idOf(2))];
    const { read } = await readIn(2, accounts);
    assert.deepEqual(
      read.map((account) => account.processor.length),
      [20, 1],
    );
  });
});

describe('an order that is read by itself', () => {
  const accounts = [...someOrders(5), renamed(anAccount({ workflowRuns: true }), 'of another form')];
  const sources = sourcesOf(() => accounts);

  it('is as it is among all', async () => {
    const all = await allOf(readAccounts(sources));
    const each = await allOf(
      readEach(
        sources,
        accounts.map(({ orderId }) => orderId),
      ),
    );
    assert.deepEqual(each, all);
  });

  it('is none where nothing is known of it', async () => {
    const NIL = '00000000-0000-0000-0000-000000000000';
    for (const id of [NIL, idOf(99), 'nonsense']) assert.deepEqual(await allOf(readEach(sources, [id])), []);
    const first = [renamed(STAGES.confirmed(), NIL)];
    assert.equal(
      (
        await allOf(
          readEach(
            sourcesOf(() => first),
            [NIL],
          ),
        )
      ).length,
      1,
    );
  });
});

describe('reconciliation of what it can', () => {
  const RULES_BROKEN = [
    'captured-within-total',
    'released-within-authorized',
    'captured-only-after-dispatch',
    'processor-ledger',
    'carrier-ledger',
  ];
  function broken(): Account {
    const account = STAGES.confirmed();
    const twice = [...account.processor, { ...account.processor[0]!, type: 'capture' as const }];
    return { ...account, processor: [...twice, twice[1]!], carrier: [] };
  }
  const rulesOf = async (sources: Sources) => {
    const { discrepancies, notCompared } = await compare(sources, options());
    return { rules: discrepancies.map(({ rule }) => rule), notCompared };
  };

  it('leaves out the rules about a ledger that cannot be read, and says which it is', async () => {
    const whole = sourcesOf(() => [broken()]);
    assert.deepEqual((await rulesOf(whole)).rules, RULES_BROKEN);
    assert.deepEqual(await rulesOf({ ...whole, processor: undefined }), {
      rules: ['carrier-ledger'],
      notCompared: ['processor'],
    });
    assert.deepEqual(await rulesOf({ ...whole, carrier: undefined }), {
      rules: ['captured-within-total', 'released-within-authorized', 'processor-ledger'],
      notCompared: ['carrier'],
    });
  });

  it('is right about every stage where both cannot be read', () => {
    for (const stage of STAGE_LIST) {
      const account = { ...stage(), processor: [], carrier: [] };
      assert.deepEqual(findingsOf(account, { missing: ['processor', 'carrier'] }), []);
    }
  });

  it('reads no more orders again than it may, and counts the rest', async () => {
    const accounts = someOrders(STAGE_LIST.length).map((account) => ({ ...account, order: undefined }));
    const { discrepancies, unsettled } = await compare(
      sourcesOf(() => accounts),
      options({ maxSuspects: 2 }),
    );
    const { length: wrong } = await allOf(readAccounts(sourcesOf(() => accounts)));
    assert.deepEqual([discrepancies.length, unsettled], [2, wrong - 2]);
  });

  it('counts a balance only if it is wrong twice', async () => {
    let readings = 0;
    const sources = { ...sourcesOf(() => []), checkBalances: async () => (++readings === 1 ? ['A', 'B'] : ['B']) };
    assert.deepEqual((await compare(sources, options())).balances, ['B']);
  });

  it('knows no order that is stuck where nobody asks for those', async () => {
    const later = { now: () => Date.parse('2027-01-05T09:00:00.000Z') };
    const { discrepancies } = await compare(
      sourcesOf(() => [STAGES['waiting for a person']()]),
      {
        ...options(later),
        stuckMs: undefined,
      },
    );
    assert.deepEqual(discrepancies, []);
  });
});
