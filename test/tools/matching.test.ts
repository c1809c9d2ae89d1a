import assert from 'node:assert/strict';
import { matchCancellations } from '../../tools/shop/matching.ts';
import type { Invoice } from '../../tools/shop/shop.ts';

const invoice = (number: string, lines: Record<string, number>, customerId = '1'): Invoice => ({
  number,
  customerId,
  country: 'GB',
  at: '2010-12-01 08:26',
  cancellation: number.startsWith('C'),
  lines: Object.entries(lines).map(([sku, quantity]) => ({ sku, quantity })),
});

/** Describes what each cancellation was matched with. */
const matched = (...invoices: Invoice[]): string[] =>
  [...matchCancellations(invoices)].map(([{ number }, match]) =>
    'reason' in match
      ? `${number} ${match.reason}`
      : `${number} ${match.whole ? 'all' : 'part'} of ${match.order.number}`,
  );

describe('a cancellation invoice', () => {
  it('matches the order that it covers as a whole', () => {
    assert.deepEqual(matched(invoice('1', { A: 2, B: 1 }), invoice('C2', { B: 1, A: 2 })), ['C2 all of 1']);
  });

  it('prefers an order that it covers as a whole to a later, larger one', () => {
    assert.deepEqual(matched(invoice('1', { A: 2 }), invoice('2', { A: 5 }), invoice('C3', { A: 2 })), ['C3 all of 1']);
  });

  it('matches a part of the latest order that has all of its pieces', () => {
    assert.deepEqual(
      matched(invoice('1', { A: 9 }), invoice('2', { A: 5, B: 5 }), invoice('3', { A: 1 }), invoice('C4', { A: 2 })),
      ['C4 part of 2'],
    );
  });

  it('cannot cancel pieces twice', () => {
    assert.deepEqual(
      matched(invoice('1', { A: 3 }), invoice('C2', { A: 2 }), invoice('C3', { A: 1 }), invoice('C4', { A: 1 })),
      ['C2 part of 1', 'C3 part of 1', 'C4 moreThanOrdered'],
    );
  });

  it('does not cover an order as a whole if a part was canceled before', () => {
    assert.deepEqual(matched(invoice('1', { A: 2, B: 2 }), invoice('C2', { A: 2 }), invoice('C3', { A: 2, B: 2 })), [
      'C2 part of 1',
      'C3 moreThanOrdered',
    ]);
  });

  it('matches only earlier orders of the same customer', () => {
    assert.deepEqual(
      matched(
        invoice('C1', { A: 1 }),
        invoice('2', { A: 1 }, 'other'),
        invoice('C3', { A: 1 }),
        invoice('4', { A: 1 }),
      ),
      ['C1 noEarlierOrderOfCustomer', 'C3 noEarlierOrderOfCustomer'],
    );
  });

  it('gives the reason when it matches no order', () => {
    const orders = [invoice('1', { A: 2 }), invoice('2', { B: 2 })];
    assert.deepEqual(matched(...orders, invoice('C3', { A: 1, B: 1 })), ['C3 severalOrders']);
    assert.deepEqual(matched(...orders, invoice('C3', { A: 3 })), ['C3 moreThanOrdered']);
    assert.deepEqual(matched(...orders, invoice('C3', { A: 1, D: 1 })), ['C3 neverOrdered']);
    assert.deepEqual(matched(...orders, invoice('C3', {})), ['C3 noUsableLine']);
  });
});
