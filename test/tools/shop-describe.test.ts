import assert from 'node:assert/strict';
import { failureLines } from '../../tools/record-run.ts';
import { describeShop } from '../../tools/shop/describe.ts';
import { Tally } from '../../platform/tally.ts';
import { aShop } from './builders.ts';

describe('what a tool prints', () => {
  it('about a file: its lines, and what was left out', () => {
    const bad = Array.from({ length: 12 }, () => ({ Quantity: '1,000' }));
    const lines = describeShop(
      'shop.csv',
      aShop({}, ...bad, { StockCode: 'X', UnitPrice: '' }, { InvoiceNo: 'C1', Quantity: '-1' }),
    );
    assert.deepEqual(lines.toSpliced(2, 10), [
      'shop.csv: 15 lines, 2 invoices (1 cancellations)',
      'skipped lines: 13 (unreadableQuantity 12, noPrice 1; a line can have several problems)',
      'and 2 more lines with cells that cannot be read',
      'skipped stock codes, without a usable line: 1 (X)',
    ]);
    assert.equal(lines[2], 'skipped line 3: unreadableQuantity "1,000"');
  });

  it('about failed records: how many by code, and the first ten', () => {
    assert.deepEqual(failureLines([]), []);
    const failed = Array.from({ length: 12 }, (_, n) => ({
      record: `invoice ${n}`,
      code: n === 0 ? 'UnknownSku' : 'unreachable',
      detail: n === 0 ? '' : 'ECONNREFUSED',
    }));
    const lines = failureLines(failed);
    assert.deepEqual(
      [lines.length, ...lines.slice(0, 3), lines.at(-1)],
      [
        12,
        'failed: unreachable 11, UnknownSku 1',
        '  invoice 0: UnknownSku',
        '  invoice 1: unreachable (ECONNREFUSED)',
        '  and 2 more',
      ],
    );
  });

  it('about nothing is none', () => {
    assert.equal(new Tally().asText(), 'none');
  });
});
