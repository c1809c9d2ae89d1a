import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stripeAmountOf } from '../../../services/payment/processor/stripe-amounts.ts';

describe('an amount as Stripe counts it', () => {
  const whole = fc.integer({ min: 0, max: 9_999_999_999 });
  const amountsOf = (currency: string, minorPerWhole: number, stripePerWhole: number) =>
    fc.property(whole, (units) => {
      const amount = stripeAmountOf({ amountMinor: units * minorPerWhole, currency });
      assert.equal(amount, units * stripePerWhole);
    });

  for (const [currency, minorPerWhole, stripePerWhole] of [
    ['GBP', 100, 100],
    ['JPY', 1, 1],
    ['KWD', 1_000, 1_000],
    ['ISK', 1, 100],
    ['UGX', 1, 100],
    ['MGA', 100, 1],
  ] as const) {
    it(`is exact for every whole amount of ${currency}`, () => {
      fc.assert(amountsOf(currency, minorPerWhole, stripePerWhole));
    });
  }

  it('keeps pence, and does not exist for a fraction of an ariary or a thousandth of a dinar', () => {
    assert.equal(stripeAmountOf({ amountMinor: 1_999, currency: 'GBP' }), 1_999);
    assert.equal(stripeAmountOf({ amountMinor: 1_250, currency: 'BHD' }), 1_250);
    assert.equal(stripeAmountOf({ amountMinor: 150, currency: 'MGA' }), undefined);
    assert.equal(stripeAmountOf({ amountMinor: 1_255, currency: 'BHD' }), undefined);
  });
});
