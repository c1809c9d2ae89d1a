import assert from 'node:assert/strict';
import type { Account, CarrierItem, ProcessorItem } from '../../tools/reconcile/account.ts';
import { judge } from '../../tools/reconcile/rules.ts';
import { STAGES, anAccount, entry, movement } from './accounts.ts';

const rulesBroken = (account: Account): string[] => judge(account).map(({ rule }) => rule);

describe('the rules of reconciliation', () => {
  for (const [name, account] of Object.entries(STAGES)) {
    it(`find nothing wrong with an order that is ${name}`, () => {
      assert.deepEqual(judge(account()), []);
    });
  }

  type Planted = [words: string, account: Account, rules: string[]];
  const confirmed = STAGES.confirmed();
  const shipped = STAGES.shipped();
  const delivered = STAGES.delivered();
  const returned = STAGES['partly returned']();
  const canceled = STAGES.canceled();
  const rejected = STAGES['rejected for want of stock']();
  const pending = STAGES.pending();

  const withEntry = (account: Account, item: ProcessorItem): Account => ({
    ...account,
    processor: [...account.processor, item],
  });
  const withMovement = (account: Account, item: CarrierItem): Account => ({
    ...account,
    carrier: [...account.carrier, item],
  });

  const planted: Planted[] = [
    ['money at the processor for no order', anAccount({ processor: [entry('authorization')] }), ['order-exists']],
    ['a parcel at the carrier for no order', anAccount({ carrier: [movement('booking')] }), ['order-exists']],
    ['a payment for no order', { ...confirmed, order: undefined }, ['order-exists']],
    ['a second authorization', withEntry(confirmed, entry('authorization')), ['authorized-once', 'processor-ledger']],
    ['a second capture', withEntry(shipped, entry('capture')), ['captured-once', 'processor-ledger']],
    ['a second void', withEntry(canceled, entry('void')), ['voided-once', 'processor-ledger']],
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
      'money taken before the parcel left',
      withEntry(confirmed, entry('capture')),
      ['captured-only-after-dispatch', 'processor-ledger'],
    ],
    [
      'money taken for an order that is pending still',
      withEntry(pending, entry('capture')),
      ['captured-only-after-dispatch'],
    ],
    [
      'a rejected order that is charged all the same',
      withEntry(withEntry(rejected, entry('authorization')), entry('capture')),
      ['captured-only-after-dispatch', 'processor-ledger'],
    ],
    [
      'an order that calls itself paid and is not',
      { ...confirmed, order: { ...confirmed.order!, paymentStatus: 'captured' } },
      ['payment-status'],
    ],
    [
      'less held than the order costs',
      {
        ...confirmed,
        payment: { ...confirmed.payment!, authorizedMinor: 2 },
        processor: [{ ...entry('authorization'), amountMinor: 2 }],
      },
      ['payment-ledger'],
    ],
    [
      'a delivered order that was never charged',
      { ...delivered, processor: [entry('authorization')] },
      ['processor-ledger'],
    ],
    ['an authorization lost at the processor', { ...confirmed, processor: [] }, ['processor-ledger']],
    ['a hold that was never let go', { ...canceled, processor: [entry('authorization')] }, ['processor-ledger']],
    [
      'a canceled order whose hold was forgotten',
      {
        ...canceled,
        payment: { ...canceled.payment!, voidedMinor: 0 },
        processor: [entry('authorization')],
      },
      ['payment-ledger'],
    ],
    ['a refund nobody knows of', withEntry(delivered, { ...entry('refund'), amountMinor: 1 }), ['processor-ledger']],
    [
      'a return that was not paid back',
      { ...returned, payment: { ...returned.payment, refundedMinor: 0 } },
      ['payment-ledger', 'processor-ledger'],
    ],
    ['an order without stock', { ...confirmed, stock: undefined }, ['stock-ledger']],
    [
      'less set aside than was bought',
      { ...confirmed, stock: { ...confirmed.stock!, lines: confirmed.stock!.lines.slice(1) } },
      ['stock-ledger'],
    ],
    ['stock of a canceled order that was not released', { ...canceled, stock: confirmed.stock }, ['stock-ledger']],
    ['goods that left without being written off', { ...shipped, stock: confirmed.stock }, ['stock-ledger']],
    ['goods written off that never left', { ...confirmed, stock: shipped.stock }, ['stock-ledger']],
    ['goods that came back and are on no shelf', { ...returned, stock: delivered.stock }, ['stock-ledger']],
    ['a confirmed order without a shipment', { ...confirmed, shipment: undefined, carrier: [] }, ['shipment']],
    [
      'a parcel of a canceled order that is still booked',
      { ...canceled, shipment: confirmed.shipment, carrier: confirmed.carrier },
      ['shipment'],
    ],
    ['a booking the carrier does not know', { ...confirmed, carrier: [] }, ['carrier-ledger']],
    ['a cancellation the carrier does not know', { ...canceled, carrier: [movement('booking')] }, ['carrier-ledger']],
    ['a parcel that left without our hearing of it', withMovement(confirmed, movement('dispatch')), ['carrier-ledger']],
    [
      'a parcel booked for a rejected order',
      withMovement(rejected, movement('booking')),
      ['carrier-ledger', 'tracking-number'],
    ],
    [
      'somebody else’s tracking number',
      { ...confirmed, carrier: [{ ...movement('booking'), trackingNumber: 'SB2' }] },
      ['tracking-number'],
    ],
  ];
  for (const [words, account, rules] of planted) {
    it(`find ${words}`, () => {
      assert.deepEqual(
        rulesBroken(account).filter((rule) => !rules.includes(rule)),
        [],
        'more than was planted',
      );
      assert.deepEqual(rulesBroken(account).toSorted(), rules.toSorted());
    });
  }

  it('say what was expected and what was found, of goods only what differs', () => {
    const short = { ...confirmed, stock: { ...confirmed.stock!, lines: confirmed.stock!.lines.slice(1) } };
    assert.deepEqual(judge(short), [{ rule: 'stock-ledger', expected: 'reserved A ×2', found: 'reserved A ×0' }]);
    assert.deepEqual(judge(withEntry(shipped, entry('capture')))[0], {
      rule: 'captured-once',
      expected: 'at most 1',
      found: '2',
    });
  });
});
