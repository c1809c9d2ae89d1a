import assert from 'node:assert/strict';
import { csvRecord, decimalOf } from '../../../gateway/admin/csv.ts';

describe('a record of CSV', () => {
  it('quotes what would end a field, and ends with CRLF', () => {
    assert.equal(csvRecord(['a', 7, null, '']), 'a,7,,\r\n');
    assert.equal(
      csvRecord(['a,b', 'say "hi"', 'two\nlines', 'old\rMac']),
      '"a,b","say ""hi""","two\nlines","old\rMac"\r\n',
    );
    assert.equal(csvRecord(['Zoë 山田 🫖']), 'Zoë 山田 🫖\r\n');
  });

  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r=1', '＝1', '＋1', '－1', '＠1', '\u00a0=1']) {
    it(`has no formula from a text such as ${JSON.stringify(text)}`, () => {
      const field = csvRecord([text]).slice(0, -2).replace(/^"|"$/g, '');
      assert.equal(field, `'${text}`);
    });
  }

  it('leaves what is no formula as it is', () => {
    for (const text of ["O'Brien", 'a=b', '1-2', 'x@example.com', '85123A'])
      assert.equal(csvRecord([text]), `${text}\r\n`);
    // A number is no text of anybody's choice.
    assert.equal(csvRecord([-5]), '-5\r\n');
  });
});

describe('an amount as a decimal', () => {
  it('has the decimals of its currency, exactly', () => {
    const cases = [
      [0, 'GBP', '0.00'],
      [5, 'GBP', '0.05'],
      [1250, 'EUR', '12.50'],
      [1250, 'JPY', '1250'],
      [1, 'BHD', '0.001'],
      [999_999_999_999, 'GBP', '9999999999.99'],
    ] as const;
    for (const [amountMinor, currency, text] of cases) assert.equal(decimalOf({ amountMinor, currency }), text);
  });
});
