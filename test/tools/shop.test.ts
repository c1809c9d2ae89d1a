import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Sku } from '../../activities/identity.ts';
import { Address } from '../../gateway/orders/address.ts';
import { countryCodes, toCountry } from '../../tools/shop/country.ts';
import { customersOf, customersWith } from '../../tools/shop/customer.ts';
import { toSku, toStockCode } from '../../tools/shop/sku.ts';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { scratchFolder } from '../stage/test-run.ts';
import { aShop } from './builders.ts';

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
    assert.deepEqual(['0.001', '1e3', '-5', '', '0.0', '2,55', '12345678'].map(price), Array(7).fill(undefined));
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
      noQuantity: 2,
      quantityOfTheWrongSign: 1,
      noStockCode: 1,
    });
    assert.deepEqual(shop.products, []);
    assert.deepEqual(shop.invoices[0]!.lines, []);
    assert.deepEqual(shop.unusableStockCodes, ['85123A']);
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

describe('customers', () => {
  const toCustomer = customersWith('a secret that nobody else knows at all');

  it('are derived from their id, the same every time', () => {
    assert.deepEqual(toCustomer('17850'), toCustomer('17850'));
    assert.equal(toCustomer('17850').email, 'customer-17850@import.example');
    assert.notEqual(toCustomer('17850').password, toCustomer('17851').password);
    assert.notEqual(customersWith('another secret').call(null, '17850').password, toCustomer('17850').password);
  });

  it('without an id share one account', () => {
    assert.equal(toCustomer(undefined).email, 'walk-in@import.example');
  });

  it('with ids that are invalid in an e-mail address have distinct valid addresses', () => {
    const emails = ['A 1', 'a 1', 'ÄÖ', 'a@b'].map((id) => toCustomer(id).email);
    assert.equal(new Set(emails.map((email) => email.toLowerCase())).size, 4);
    for (const email of emails) assert.match(email, /^[a-z0-9-]+@import\.example$/);
  });

  it('have passwords derived from a secret that only its owner may read', () => {
    const folder = mkdtempSync(path.join(scratchFolder(), 'customers-'));
    const first = customersOf(folder)('1');
    const file = path.join(folder, 'import.json');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(!readFileSync(file, 'utf8').includes(first.password));
    assert.deepEqual(customersOf(folder)('1'), first);
    writeFileSync(file, '{}');
    assert.throws(() => customersOf(folder), /import\.json is damaged/);
  });
});
