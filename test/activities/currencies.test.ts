import assert from 'node:assert/strict';
import { CURRENCIES, minorDigitsOf } from '../../activities/currencies.ts';
import { ActiveCurrency, Money } from '../../activities/money.ts';
import { Price, Product } from '../../activities/product.ts';

// In ISO 4217, but not money that people pay with today.
const NOT_MONEY = {
  'no currency': ['XXX'],
  'a code for tests': ['XTS'],
  'a metal': ['XAG', 'XAU', 'XPD', 'XPT'],
  'a bond': ['XBA', 'XBB', 'XBC', 'XBD'],
  'a fund': ['BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'USN', 'UYI', 'UYW'],
  'a unit of account': ['XAD', 'XDR', 'XSU', 'XUA'],
  'a former currency': ['ANG', 'BGN', 'BYR', 'CUC', 'DEM', 'FRF', 'HRK', 'LTL', 'MRO', 'SLL', 'VEF', 'ZWL'],
  'not assigned': ['AAA', 'ABC', 'ZZZ'],
  'not a code': ['', 'gbp', 'GB', 'GBPX', ' GBP', 'GBP\n', '£', '826'],
};

describe('the currencies of new prices', () => {
  const accepts = (currency: string) => Price.safeParse({ amountMinor: 1, currency }).success;

  it('are those of ISO 4217 that are in use, each once', () => {
    assert.equal(CURRENCIES.length, 155);
    assert.equal(new Set(CURRENCIES).size, 155);
    for (const currency of CURRENCIES) assert.ok(accepts(currency), currency);
  });

  it('include recent ones', () => {
    for (const currency of ['MRU', 'SLE', 'STN', 'VED', 'VES', 'XCG', 'ZWG']) assert.ok(accepts(currency), currency);
  });

  it('are known to `Intl` too, apart from one that circulates beside another of the same country', () => {
    const known = new Set(Intl.supportedValuesOf('currency'));
    assert.deepEqual(
      CURRENCIES.filter((currency) => !known.has(currency) && currency !== 'VED'),
      [],
    );
  });

  for (const [what, codes] of Object.entries(NOT_MONEY)) {
    it(`do not include ${what}`, () => {
      for (const code of codes) assert.equal(accepts(code), false, code);
    });
  }

  it('say in one sentence what is expected', () => {
    const { error } = ActiveCurrency.safeParse('ABC');
    assert.deepEqual(
      error!.issues.map(({ message }) => message),
      ['must be the ISO 4217 code of a currency in use, such as GBP'],
    );
  });

  it('do not limit what is stored: an old product or amount stays readable', () => {
    const price = { amountMinor: 1, currency: 'DEM' };
    assert.ok(Money.safeParse(price).success);
    assert.deepEqual(Product.shape.price.parse(price), price);
  });

  it('have the digits of ISO 4217, which are not always those of `Intl`', () => {
    const digits = ['GBP', 'JPY', 'KWD', 'HUF', 'IQD', 'ISK', 'MGA', 'XCG', 'CLF', 'UYI', 'DEM'].map(minorDigitsOf);
    assert.deepEqual(digits, [2, 0, 3, 2, 3, 0, 2, 2, 4, 0, 2]);
  });
});
