import assert from 'node:assert/strict';
import type { Account, CarrierItem, ProcessorItem } from '../../../../services/order/reconcile/account.ts';
import { checkRules } from '../../../../services/order/reconcile/rules.ts';
import { STAGES, anAccount, entry, movement } from './accounts.ts';

const renewed = (sums: object, processor: ProcessorItem[], account: Account = STAGES.confirmed()): Account => ({
  ...account,
  payment: { ...account.payment!, authorizedMinor: 1400, ...sums },
  processor,
});
const rulesBroken = (account: Account): string[] => checkRules(account).map(({ rule }) => rule);

describe('the rules of reconciliation', () => {
  for (const [name, account] of Object.entries(STAGES)) {
    it(`accept an order that is ${name}`, () => {
      assert.deepEqual(checkRules(account()), []);
    });
  }

  it('accept an order whose hold was renewed, and one that was captured in parts', () => {
    const twice = [entry('authorization'), entry('authorization'), entry('void')];
    assert.deepEqual(checkRules(renewed({ voidedMinor: 700 }, twice)), []);
    const part = (amountMinor: number) => ({ ...entry('capture'), amountMinor });
    const captured = renewed(
      { voidedMinor: 700, capturedMinor: 700 },
      [...twice, part(300), part(400)],
      STAGES.shipped(),
    );
    assert.deepEqual(checkRules(captured), []);
  });

  it('accept what the processor took back, once it is captured again or was got in another way', () => {
    const [held, released] = [entry('authorization'), entry('void')];
    const again = renewed(
      { voidedMinor: 700, capturedMinor: 700 },
      [held, released, held, entry('capture')],
      STAGES.shipped(),
    );
    assert.deepEqual(checkRules(again), []);
    const sums = { authorizedMinor: 700, voidedMinor: 700, capturedMinor: 0, manuallyCapturedMinor: 700 };
    assert.deepEqual(checkRules(renewed(sums, [held, released], STAGES.shipped())), []);
    const less = renewed({ ...sums, manuallyCapturedMinor: 600 }, [held, released], STAGES.shipped());
    assert.deepEqual(rulesBroken(less), ['payment-ledger']);
  });

  it('accept the workflow of an order that is not recorded yet', () => {
    assert.deepEqual(checkRules(anAccount({ workflowRuns: true, draft: true })), []);
  });

  type Case = [name: string, account: Account, rules: string[]];
  const confirmed = STAGES.confirmed();
  const shipped = STAGES.shipped();
  const delivered = STAGES.delivered();
  const returned = STAGES['partly returned']();
  const canceled = STAGES.canceled();
  const rejected = STAGES['rejected because of stock']();
  const pending = STAGES.pending();

  const withEntry = (account: Account, item: ProcessorItem): Account => ({
    ...account,
    processor: [...account.processor, item],
  });
  const withMovement = (account: Account, item: CarrierItem): Account => ({
    ...account,
    carrier: [...account.carrier, item],
  });

  const takenOver = STAGES['shipped, with its payment taken over by a person']();
  const takenOverAndCanceled = STAGES['canceled, with its payment taken over by a person']();

  const cases: Case[] = [
    ['goods that stay in stock', { ...takenOver, stock: STAGES.confirmed().stock }, ['stock-ledger']],
    ['goods that stay reserved', { ...takenOverAndCanceled, stock: STAGES.confirmed().stock }, ['stock-ledger']],
    [
      'a parcel that the carrier still has',
      { ...takenOverAndCanceled, carrier: confirmed.carrier },
      ['carrier-ledger'],
    ],
    [
      'a capture above the total',
      withEntry(withEntry(takenOver, entry('capture')), entry('capture')),
      ['captured-within-total', 'released-within-authorized'],
    ],
    ['money at the processor without an order', anAccount({ processor: [entry('authorization')] }), ['order-exists']],
    ['a parcel at the carrier without an order', anAccount({ carrier: [movement('booking')] }), ['order-exists']],
    ['a payment without an order', { ...confirmed, order: undefined }, ['order-exists']],
    ['a running workflow without an order', anAccount({ workflowRuns: true }), ['order-exists']],
    ['a payment of an order that is not recorded', { ...confirmed, order: undefined, draft: true }, ['order-exists']],
    ['a second authorization', withEntry(confirmed, entry('authorization')), ['processor-ledger']],
    [
      'a second capture',
      withEntry(shipped, entry('capture')),
      ['captured-within-total', 'released-within-authorized', 'processor-ledger'],
    ],
    [
      'a second capture while the order is in progress',
      withEntry(STAGES['being captured'](), entry('capture')),
      ['captured-within-total', 'released-within-authorized'],
    ],
    [
      'more refunded than captured',
      withEntry(delivered, { ...entry('refund'), amountMinor: 701 }),
      ['refunded-within-captured', 'processor-ledger'],
    ],
    [
      'a hold that was replaced and not released',
      renewed({ voidedMinor: 0 }, [entry('authorization'), entry('authorization')]),
      ['payment-ledger'],
    ],
    ['a second void', withEntry(canceled, entry('void')), ['released-within-authorized', 'processor-ledger']],
    ['a second booking', withMovement(confirmed, movement('booking')), ['booked-once']],
    ['a second cancellation', withMovement(canceled, movement('cancellation')), ['booking-canceled-once']],
    ['a second dispatch', withMovement(shipped, movement('dispatch')), ['dispatched-once']],
    ['a second delivery', withMovement(delivered, movement('delivery')), ['delivered-once']],
    [
      'another currency at the processor',
      { ...confirmed, processor: [{ ...entry('authorization'), currency: 'EUR' }] },
      ['currency'],
    ],
    [
      'another currency in the money ledger',
      { ...confirmed, payment: { ...confirmed.payment!, currency: 'EUR' } },
      ['currency'],
    ],
    [
      'a capture before the dispatch',
      withEntry(confirmed, entry('capture')),
      ['captured-only-after-dispatch', 'processor-ledger'],
    ],
    ['a capture for a pending order', withEntry(pending, entry('capture')), ['captured-only-after-dispatch']],
    [
      'a capture for a rejected order',
      withEntry(withEntry(rejected, entry('authorization')), entry('capture')),
      ['captured-only-after-dispatch', 'processor-ledger'],
    ],
    [
      'an order with status captured that was not captured',
      { ...confirmed, order: { ...confirmed.order!, paymentStatus: 'captured' } },
      ['payment-status'],
    ],
    [
      'an authorization below the order’s total',
      {
        ...confirmed,
        payment: { ...confirmed.payment!, authorizedMinor: 2 },
        processor: [{ ...entry('authorization'), amountMinor: 2 }],
      },
      ['payment-ledger'],
    ],
    [
      'a delivered order without a capture',
      { ...delivered, processor: [entry('authorization')] },
      ['processor-ledger'],
    ],
    ['an authorization lost at the processor', { ...confirmed, processor: [] }, ['processor-ledger']],
    [
      'an authorization that was not voided at the processor',
      { ...canceled, processor: [entry('authorization')] },
      ['processor-ledger'],
    ],
    [
      'a canceled order whose authorization was not voided',
      {
        ...canceled,
        payment: { ...canceled.payment!, voidedMinor: 0 },
        processor: [entry('authorization')],
      },
      ['payment-ledger'],
    ],
    ['an unrecorded refund', withEntry(delivered, { ...entry('refund'), amountMinor: 1 }), ['processor-ledger']],
    [
      'a return that was not refunded',
      { ...returned, payment: { ...returned.payment, refundedMinor: 0 } },
      ['payment-ledger', 'processor-ledger'],
    ],
    ['an order without stock movements', { ...confirmed, stock: undefined }, ['stock-ledger']],
    [
      'less stock reserved than ordered',
      { ...confirmed, stock: { ...confirmed.stock!, lines: confirmed.stock!.lines.slice(1) } },
      ['stock-ledger'],
    ],
    ['stock of a canceled order that was not released', { ...canceled, stock: confirmed.stock }, ['stock-ledger']],
    ['dispatched goods that were not committed', { ...shipped, stock: confirmed.stock }, ['stock-ledger']],
    ['committed goods that were not dispatched', { ...confirmed, stock: shipped.stock }, ['stock-ledger']],
    ['returned goods that were not restocked', { ...returned, stock: delivered.stock }, ['stock-ledger']],
    ['a confirmed order without a shipment', { ...confirmed, shipments: [], carrier: [] }, ['shipment']],
    [
      'a booked parcel of a canceled order',
      { ...canceled, shipments: confirmed.shipments, carrier: confirmed.carrier },
      ['shipment'],
    ],
    ['a booking missing at the carrier', { ...confirmed, carrier: [] }, ['carrier-ledger']],
    ['a cancellation missing at the carrier', { ...canceled, carrier: [movement('booking')] }, ['carrier-ledger']],
    ['a dispatch that only the carrier recorded', withMovement(confirmed, movement('dispatch')), ['carrier-ledger']],
    [
      'a parcel booked for a rejected order',
      withMovement(rejected, movement('booking')),
      ['carrier-ledger', 'tracking-number'],
    ],
    [
      'another order’s tracking number',
      { ...confirmed, carrier: [{ ...movement('booking'), trackingNumber: 'SB2' }] },
      ['carrier-ledger', 'tracking-number'],
    ],
  ];
  for (const [name, account, rules] of cases) {
    it(`find ${name}`, () => {
      assert.deepEqual(
        rulesBroken(account).filter((rule) => !rules.includes(rule)),
        [],
        'unexpected rules',
      );
      assert.deepEqual(rulesBroken(account).toSorted(), rules.toSorted());
    });
  }

  it('report what was expected and found, and only those goods that differ', () => {
    const short = { ...confirmed, stock: { ...confirmed.stock!, lines: confirmed.stock!.lines.slice(1) } };
    assert.deepEqual(checkRules(short), [{ rule: 'stock-ledger', expected: 'reserved A ×2', found: 'reserved A ×0' }]);
    assert.deepEqual(checkRules(withEntry(shipped, entry('capture')))[0], {
      rule: 'captured-within-total',
      expected: 'at most 700',
      found: '1400',
    });
  });
});
