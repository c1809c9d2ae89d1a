import assert from 'node:assert/strict';
import { moneyInWords } from '../../activities/money-in-words.ts';

describe('money in words', () => {
  // A non-breaking space separates a code from its amount.
  const cases: [currency: string, amountMinor: number, words: string][] = [
    ['GBP', 1250, '£12.50'],
    ['GBP', 0, '£0.00'],
    ['GBP', 5, '£0.05'],
    ['USD', 123_456, 'US$1,234.56'],
    ['EUR', 999_999_999_999, '€9,999,999,999.99'],
    ['JPY', 1250, 'JP¥1,250'],
    ['KWD', 1250, 'KWD\u00A01.250'],
    ['UYW', 12_345, 'UYW\u00A01.2345'],
    // CLDR, and so `Intl`, gives these no decimals.
    ['HUF', 1250, 'HUF\u00A012.50'],
    ['IDR', 1250, 'IDR\u00A012.50'],
    ['IQD', 1250, 'IQD\u00A01.250'],
    // A code that is not assigned.
    ['ZZZ', 1250, 'ZZZ\u00A012.50'],
  ];
  for (const [currency, amountMinor, words] of cases) {
    it(`are ${words} for ${amountMinor} minor units of ${currency}`, () => {
      assert.equal(moneyInWords({ amountMinor, currency }), words);
    });
  }
});
