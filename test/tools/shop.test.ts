import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Sku } from '../../activities/identity.ts';
import { Address } from '../../gateway/orders/address.ts';
import { countryCodes, toCountry } from '../../tools/shop/country.ts';
import { toSku, toStockCode } from '../../tools/shop/sku.ts';
import { aShop, shopOf } from './builders.ts';

describe('products from a shop’s file', () => {
  it('take the most frequent description and the most common price', () => {
    const { products } = aShop(
      { Description: 'RARE', UnitPrice: '2.55' },
      { Description: 'COMMON', UnitPrice: '2.95' },
      { Description: 'COMMON', UnitPrice: '2.95' },
    );
    assert.deepEqual(products, [{ sku: '85123A', name: 'COMMON', priceMinor: 295, sold: 18 }]);
  });

  it('do not depend on the order of equally frequent lines', () => {
    const rows = [
      { Description: 'B', UnitPrice: '9.00' },
      { Description: 'A', UnitPrice: '10.00' },
    ];
    const expected = [{ sku: '85123A', name: 'A', priceMinor: 900, sold: 12 }];
    assert.deepEqual(aShop(...rows).products, expected);
    assert.deepEqual(aShop(...rows.toReversed()).products, expected);
  });

  it('have exact prices in pence', () => {
    const price = (UnitPrice: string) => aShop({ UnitPrice }).products[0]?.priceMinor;
    assert.deepEqual(['2.1', '1.10', '0.29', '13541.33', '8', '4.500'].map(price), [210, 110, 29, 1354133, 800, 450]);
    assert.deepEqual(['0.001', '1e3', '-5', '', '0.0', '£2.55', '12345678'].map(price), Array(7).fill(undefined));
  });

  it('have a decimal point or comma, and no price that may be a thousand times another', () => {
    const price = (UnitPrice: string, separator = ',') =>
      shopOf([{ UnitPrice }], { separator }).products[0]?.priceMinor;
    assert.deepEqual(
      ['2,5', '2,50', ' 2.50 ', '12345.678'].map((text) => price(text)),
      [250, 250, 250, undefined],
    );
    assert.deepEqual(
      ['1,000', '1.000,00', '1,000.00', '1 000'].map((text) => price(text)),
      Array(4).fill(undefined),
    );
    assert.deepEqual(
      ['2,50', '2.50', '1,000', '1.000', '0.500'].map((text) => price(text, ';')),
      [250, 250, undefined, undefined, 50],
    );
  });

  it('have prices in the minor unit of their currency', () => {
    const price = (currency: string, UnitPrice: string) =>
      shopOf([{ UnitPrice }], { currency }).products[0]?.priceMinor;
    assert.deepEqual([price('JPY', '250'), price('JPY', '250.00'), price('JPY', '2.5')], [250, 250, undefined]);
    assert.deepEqual([price('KWD', '4.505'), price('EUR', '4.50')], [4505, 450]);
    assert.throws(() => shopOf([], { currency: 'gbp' }), /--currency must be an ISO 4217 code such as GBP, not "gbp"/);
  });

  it('keep codes apart that differ only in case', () => {
    const { products } = aShop({ StockCode: '85123A' }, { StockCode: '85123a' });
    assert.deepEqual(
      products.map(({ sku }) => sku),
      ['85123A', '85123a'],
    );
  });

  it('do not count cancellations as sold', () => {
    const { products } = aShop({ Quantity: '5' }, { InvoiceNo: 'C1', Quantity: '-3' });
    assert.equal(products[0]!.sold, 5);
  });
});

describe('lines of a shop’s file', () => {
  it('without price, description or quantity are counted by flaw and not used', () => {
    const shop = aShop(
      { UnitPrice: '0.0' },
      { Description: ' ', UnitPrice: '' },
      { Quantity: '0' },
      { Quantity: 'six' },
      { Quantity: '-6' },
      { StockCode: '' },
    );
    assert.equal(shop.lines, 6);
    assert.equal(shop.flawedLines, 6);
    assert.deepEqual(shop.flaws.toJSON(), {
      noPrice: 2,
      noDescription: 1,
      noQuantity: 1,
      unreadableQuantity: 1,
      quantityOfTheWrongSign: 1,
      noStockCode: 1,
    });
    assert.deepEqual(shop.products, []);
    assert.deepEqual(shop.invoices[0]!.lines, []);
    assert.deepEqual(shop.unusableStockCodes, ['85123A']);
  });

  it('with cells that cannot be understood are listed with their line', () => {
    const shop = aShop(
      {},
      { Quantity: '1,000', UnitPrice: 'free' },
      { Description: 'CAF\uFFFD MUG' },
      { Description: 'RED \u001b[31m' },
      { StockCode: 'A\u0000' },
      { Quantity: '6.5' },
      { UnitPrice: '-2.50' },
    );
    assert.deepEqual(shop.unreadable, {
      lines: 5,
      examples: [
        'line 3: unreadablePrice "free", unreadableQuantity "1,000"',
        'line 4: unreadableDescription "CAF\uFFFD MUG"',
        'line 5: unreadableDescription "RED \u001b[31m"',
        'line 6: unreadableStockCode "A\u0000"',
        'line 7: unreadableQuantity "6.5"',
      ],
    });
    assert.equal(shop.flaws.toJSON().negativePrice, 1);
  });

  it('may have blanks of any kind, line breaks and invisible characters around and within their texts', () => {
    const { products, invoices } = aShop({
      InvoiceNo: '\u00A0536365\u200E',
      StockCode: '\uFEFF85123A\u00A0 ',
      Description: ' WHITE\nHANGING\t \u00A0HEART\r\n',
      Quantity: '6.0\u00A0',
      UnitPrice: '\t2.55',
      CustomerID: ' 17850 ',
      Country: 'United\u00A0Kingdom ',
    });
    assert.deepEqual(products, [{ sku: '85123A', name: 'WHITE HANGING HEART', priceMinor: 255, sold: 6 }]);
    assert.deepEqual(invoices, aShop({}).invoices);
  });

  it('may have whole quantities with decimals', () => {
    const sold = (Quantity: string) => aShop({ Quantity }).products[0]?.sold;
    assert.deepEqual(['6.0', '6,00', '+6', '6.000', '6e0'].map(sold), [6, 6, 6, undefined, undefined]);
  });

  it('with the same SKU on one invoice are merged', () => {
    const { invoices } = aShop({ Quantity: '6' }, { Quantity: '2' }, { StockCode: 'POST', Quantity: '1' });
    assert.deepEqual(invoices[0]!.lines, [
      { sku: '85123A', quantity: 8 },
      { sku: 'POST', quantity: 1 },
    ]);
  });

  it('of a cancellation count the returned pieces', () => {
    const [invoice] = aShop({ InvoiceNo: 'C536379', Quantity: '-4' }).invoices;
    assert.equal(invoice!.cancellation, true);
    assert.deepEqual(invoice!.lines, [{ sku: '85123A', quantity: 4 }]);
  });

  it('are of a cancellation also with blanks before its C, and with a small c', () => {
    for (const InvoiceNo of [' C536379', '\u00A0C536379', '\u200Bc536379', 'c536379']) {
      const [invoice] = aShop({ InvoiceNo, Quantity: '-4' }).invoices;
      assert.deepEqual([invoice!.cancellation, invoice!.lines], [true, [{ sku: '85123A', quantity: 4 }]]);
    }
  });

  it('without a customer have no customer id', () => {
    assert.equal(aShop({ CustomerID: '' }).invoices[0]!.customerId, undefined);
  });

  it('with an unknown country are reported with the code used instead', () => {
    const shop = aShop({ Country: 'Channel Islands' }, { Country: 'Atlantis' }, { Country: 'Atlantis' });
    assert.deepEqual(shop.inexactCountries.toJSON(), { 'Channel Islands → JE': 1, 'Atlantis → GB': 2 });
  });
});

describe('stock codes', () => {
  it('that are SKUs stay as they are', () => {
    for (const code of ['85123A', 'POST', 'gift_0001_40', '15056bl']) assert.equal(toSku(code), code);
  });

  it('that are not SKUs are escaped reversibly', () => {
    assert.equal(toSku('BANK CHARGES'), 'BANK.20CHARGES');
    assert.equal(toStockCode('BANK.20CHARGES'), 'BANK CHARGES');
  });

  it('of any kind can be restored from their SKU', () => {
    const code = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.string({ unit: fc.constantFrom('.', '0', '-', 'A', ' ', '2', '_') }),
    );
    fc.assert(
      fc.property(code, (stockCode) => {
        const sku = toSku(stockCode);
        if (sku === undefined) return;
        assert.ok(Sku.safeParse(sku).success, sku);
        assert.equal(toStockCode(sku), stockCode.toWellFormed());
      }),
      { numRuns: 2000 },
    );
  });

  it('that are empty or too long give no SKU', () => {
    assert.equal(toSku('A'.repeat(65)), undefined);
    assert.equal(toSku(''), undefined);
  });
});

describe('countries', () => {
  it('have the codes of ISO 3166-1', () => {
    const codes = {
      'United Kingdom': 'GB',
      EIRE: 'IE',
      Germany: 'DE',
      France: 'FR',
      Norway: 'NO',
      RSA: 'ZA',
      USA: 'US',
    };
    for (const [name, code] of Object.entries(codes)) assert.deepEqual(toCountry(name), { code, exact: true }, name);
    for (const name of [
      'Netherlands',
      'Japan',
      'Bahrain',
      'Lithuania',
      'Czech Republic',
      'Hong Kong',
      'Brazil',
      'Malta',
    ]) {
      assert.equal(toCountry(name).exact, true, name);
    }
  });

  it('that do not exist are reported as inexact', () => {
    for (const name of ['Unspecified', 'European Community', 'European Union', 'Unknown Region', 'Atlantis', '']) {
      assert.deepEqual(toCountry(name), { code: 'GB', exact: false }, name);
    }
    assert.deepEqual(toCountry('Channel Islands'), { code: 'JE', exact: false });
  });

  it('have only codes that the API accepts', () => {
    const address = { name: 'A', line1: 'A', city: 'A', postalCode: 'A' };
    const refused = [...countryCodes()].filter((country) => !Address.safeParse({ ...address, country }).success);
    assert.deepEqual(refused, []);
    assert.ok(countryCodes().size > 240);
  });
});
