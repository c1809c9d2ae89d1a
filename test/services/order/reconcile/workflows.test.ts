import assert from 'node:assert/strict';
import type { Account } from '../../../../services/order/reconcile/account.ts';
import { compare } from '../../../../services/order/reconcile/compare.ts';
import { STAGES, anAccount } from './accounts.ts';
import { JUST_AFTER, idOf, options, renamed, sourcesOf } from './ledgers.ts';

describe('reconciliation of orders with their workflows', () => {
  const LATER = JUST_AFTER + 60_000;
  const withoutWorkflow = (stage: keyof typeof STAGES): Account => ({ ...STAGES[stage](), workflowRuns: false });
  const brokenAt = async (account: Account, now: number) => {
    const { discrepancies } = await compare(
      sourcesOf(() => [account]),
      options({ now: () => now }),
    );
    return discrepancies.map(({ rule, found }) => `${rule}: ${found}`);
  };

  for (const stage of ['pending', 'confirmed', 'shipped', 'delivered'] as const) {
    it(`finds that an order has none that is ${stage}`, async () => {
      const account = withoutWorkflow(stage);
      const [found, ...more] = await brokenAt(account, LATER);
      assert.match(found ?? '', /^workflow: none, and the order is .* since 2026-01-05T09:00:00\.000Z$/);
      assert.deepEqual(more, []);
      // Perhaps it is being handed over.
      assert.deepEqual(await brokenAt(account, JUST_AFTER), []);
    });
  }

  for (const stage of ['completed', 'canceled', 'rejected by the card', 'waiting for a person'] as const) {
    it(`needs none of an order that is ${stage}`, async () => {
      assert.deepEqual(await brokenAt(withoutWorkflow(stage), LATER), []);
    });
  }

  it('does not report one that the list shows only at the second reading', async () => {
    let readings = 0;
    const { discrepancies } = await compare(
      sourcesOf(() => [readings === 0 ? withoutWorkflow('confirmed') : STAGES.confirmed()]),
      options({ now: () => LATER, pause: async () => void readings++ }),
    );
    assert.deepEqual(discrepancies, []);
    assert.equal(readings, 1);
  });

  it('finds one without an order, but not that of a draft', async () => {
    const running = renamed(anAccount({ workflowRuns: true }), idOf(7));
    assert.deepEqual(await brokenAt(running, JUST_AFTER), ['order-exists: only a running workflow']);
    assert.deepEqual(await brokenAt({ ...running, draft: true }, JUST_AFTER), []);
  });

  it('counts what it has read', async () => {
    const read: string[] = [];
    await compare(
      sourcesOf(() => [STAGES.confirmed(), renamed(STAGES.canceled(), idOf(9))]),
      options({ progress: (what) => void read.push(what) }),
    );
    assert.deepEqual([...new Set(read)], ['ledger entries', 'running workflows', 'orders']);
    assert.equal(read.filter((what) => what === 'orders').length, 2);
    assert.equal(read.filter((what) => what === 'running workflows').length, 1);
  });
});
