import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { countInterventions, countWaitingOrders } from '../../../../services/order/metrics.ts';
import { closeGone, timeOf } from '../../../../services/order/reconcile/settle.ts';
import { STAGES } from './accounts.ts';
import { booksStage, withoutShipment } from './books-stage.ts';
import { idOf, renamed, sourcesOf } from './ledgers.ts';

const TIMES = 20;

describe('discrepancies of the books', () => {
  const stage = booksStage();
  const { open, reconcile, decide } = stage;

  it('become an intervention each, which says what was found, blocks nothing, and stops no order', async () => {
    const orderId = await stage.confirmed();
    stage.accounts = [withoutShipment(orderId)];
    const report = await reconcile();
    assert.partialDeepStrictEqual(report, { orders: 1, findings: 2, opened: 2, open: 0, closed: 0, notCompared: [] });
    const found = await open();
    assert.deepEqual(found.map(({ reason }) => reason).toSorted(), [
      'carrier-ledger: expected booking, cancellation; found booking',
      'shipment: expected booked; found none',
    ]);
    assert.deepEqual(report.examples.toSorted(), found.map(({ reason }) => `${orderId} ${reason}`).toSorted());
    const shown = found.find(({ reason }) => reason.startsWith('shipment'))!;
    assert.partialDeepStrictEqual(shown, {
      orderId,
      step: 'reconcile',
      workflowId: 'reconcile-1',
      blocks: null,
      attempts: 0,
      tried: [],
      action: null,
    });
    const { seenAt, ...finding } = shown.finding!;
    assert.deepEqual(finding, { rule: 'shipment', subject: orderId, expected: 'booked', found: 'none' });
    assert.ok(Math.abs(Date.parse(seenAt) - Date.now()) < 60_000);
    assert.deepEqual(
      shown.allowedActions.map(({ action }) => action),
      ['retry', 'skip'],
    );
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
  });

  it('stay one intervention, however often they are found', async () => {
    stage.accounts = [withoutShipment(await stage.confirmed())];
    await reconcile();
    const [first] = await open();
    assert.partialDeepStrictEqual(await reconcile(), { findings: 2, opened: 0, open: 2 });
    await Promise.all([1, 2, 3].map(() => reconcile()));
    const again = await open();
    assert.equal(again.length, 2);
    const same = again.find(({ id }) => id === first!.id)!;
    assert.equal(same.openedAt, first!.openedAt);
    assert.ok(same.finding!.seenAt > first!.finding!.seenAt);
  });

  it('say what they are now once they have changed', async () => {
    stage.balances = ['stock-balance: tea: on hand 12, the ledger says 5'];
    await reconcile();
    stage.balances = [
      'stock-balance: tea: on hand 13, the ledger says 5',
      'stock-balance: tea: reserved 1, the ledger says 0',
    ];
    await reconcile();
    const [only, ...more] = await open();
    assert.deepEqual(more, []);
    assert.equal(
      only!.reason,
      'stock-balance: expected what the entries of the ledger add up to; found on hand 13, the ledger says 5; reserved 1, the ledger says 0',
    );
    assert.deepEqual([only!.orderId, only!.finding!.subject], [null, 'tea']);
  });

  it('close by themselves once they are gone, and come back as a new one', async () => {
    const orderId = await stage.confirmed();
    stage.accounts = [withoutShipment(orderId)];
    await reconcile();
    const [first] = await open();
    stage.accounts = [renamed(STAGES.confirmed(), orderId)];
    assert.partialDeepStrictEqual(await reconcile(), { findings: 0, opened: 0, closed: 2 });
    assert.deepEqual(await open(), []);
    const closed = await stage.requests.getIntervention({ interventionId: first!.id });
    assert.partialDeepStrictEqual(closed, {
      state: 'resolved',
      action: null,
      resolvedBy: 'system',
      allowedActions: [],
    });
    assert.match(closed.note!, /did not find it any more$/);
    assert.ok(closed.resolvedAt);
    stage.accounts = [withoutShipment(orderId)];
    assert.partialDeepStrictEqual(await reconcile(), { opened: 2 });
  });

  it('close also if they were seen in the millisecond in which the next comparison begins', async () => {
    const { db } = stage.database;
    for (let time = 1; time <= TIMES; time += 1) {
      stage.balances = ['stock-balance: tea: on hand 12, the ledger says 5'];
      await reconcile();
      await db
        .updateTable('interventions')
        .set({ seen_at: sql`clock_timestamp()` })
        .execute();
      const since = await timeOf(db);
      assert.equal(await closeGone(db, { since, subjects: [], rules: [] }), 1);
    }
  });

  it('stay open while nothing is known: of an order that keeps changing, and of a ledger that cannot be read', async () => {
    const orderId = await stage.confirmed();
    const charged = STAGES.confirmed();
    stage.accounts = [
      renamed(
        {
          ...charged,
          processor: [...charged.processor, { ...charged.processor[0]!, type: 'capture' as const }],
          carrier: [],
        },
        orderId,
      ),
    ];
    await reconcile();
    const before = (await open()).map(({ reason }) => reason).toSorted();
    assert.equal(before.length, 3);

    let readings = 0;
    const { order } = stage.accounts[0]!;
    const restless = () => [
      { ...renamed(STAGES.confirmed(), orderId), order: { ...order!, refundedMinor: ++readings } },
    ];
    stage.instead = sourcesOf(restless);
    assert.partialDeepStrictEqual(await reconcile(), { closed: 0, moving: 1 });

    stage.accounts = [renamed(STAGES.confirmed(), orderId)];
    stage.instead = { processor: undefined };
    assert.partialDeepStrictEqual(await reconcile(), {
      closed: 1,
      notCompared: ['the ledger of the card processor: it has none that can be read'],
    });
    assert.deepEqual(
      (await open()).map(({ reason }) => reason).toSorted(),
      before.filter((reason) => !reason.startsWith('carrier')),
    );
  });

  it('are about no order of ours where only others know it', async () => {
    const unknown = idOf(77);
    const { order: _order, ...rest } = STAGES.confirmed();
    stage.accounts = [renamed({ ...rest, order: undefined }, unknown)];
    await reconcile();
    const [only] = await open();
    assert.deepEqual([only!.orderId, only!.finding!.rule, only!.finding!.subject], [null, 'order-exists', unknown]);
  });

  it('do not keep an order in requires_action whose step is decided', async () => {
    const orderId = await stage.confirmed();
    stage.accounts = [withoutShipment(orderId)];
    await reconcile();
    const step = await stage.opened(orderId, 'capturePayment');
    assert.equal((await stage.statuses(orderId))[0], 'requires_action');
    await stage.closed(orderId, step, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
  });

  it('are counted by the metrics of interventions, and no order waits for them', async () => {
    const { db } = stage.database;
    const counted = async () => (await countInterventions(db)).find(({ step }) => step === 'reconcile')!.open;
    assert.equal(await counted(), 0);
    stage.balances = ['stock-balance: tea: on hand 12, the ledger says 5'];
    await reconcile();
    assert.equal(await counted(), 1);
    assert.equal((await countWaitingOrders(db)).find((waiting) => waiting.for === 'person')!.orders, 0);
  });

  it('are listed by their step, and counted where there are too many', async () => {
    stage.balances = Array.from({ length: 1_003 }, (_, n) => `stock-balance: SKU-${n}: on hand 1, the ledger says 0`);
    const report = await reconcile();
    assert.partialDeepStrictEqual(report, { findings: 1_003, opened: 1_000, leftOut: 3 });
    assert.equal(report.examples.length, 20);
    const listed = await stage.requests.listInterventions({ step: 'reconcile', limit: 2 });
    assert.equal(listed.items.length, 2);
    stage.balances = stage.balances.toReversed();
    assert.partialDeepStrictEqual(await reconcile(), { opened: 3, open: 997, leftOut: 3, closed: 0 });
  });

  it('store text that PostgreSQL does not accept, and cut what is long', async () => {
    stage.balances = [`stock-balance: te\0a: \ud83d${'x'.repeat(1_000)}`];
    await reconcile();
    await reconcile();
    const [only, ...more] = await open();
    assert.deepEqual(more, []);
    assert.equal(only!.finding!.subject, 'te\ufffda');
    assert.ok(only!.finding!.found.startsWith('\ufffdxx') && only!.reason.length < 600);
    assert.equal((await decide(only!, 'skip')).state, 'resolved');
    assert.partialDeepStrictEqual(await reconcile(), { accepted: 1, opened: 0 });
  });
});
