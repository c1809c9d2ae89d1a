import assert from 'node:assert/strict';
import { withSession } from '../../tools/api/session.ts';
import { typedClient } from '../../tools/api/typed-client.ts';
import { type ImportOptions, type Imported, importShop } from '../../tools/import/import-shop.ts';
import type { RecordRun } from '../../tools/record-run.ts';
import { customersWith } from '../../tools/shop/customer.ts';
import type { Shop } from '../../tools/shop/shop.ts';
import { aRun, aShop } from './builders.ts';
import { FakeShop, noProgress } from './fake-shop.ts';

const toCustomer = customersWith('a secret that nobody else knows at all');

async function importInto(
  platform: FakeShop,
  shop: Shop,
  different: Partial<ImportOptions> = {},
): Promise<Imported & { run: RecordRun }> {
  const run = aRun({ concurrency: 3 });
  const imported = await importShop({
    shop,
    stock: undefined,
    run,
    api: platform.api,
    admin: typedClient(withSession(platform.api, { email: 'admin@example.com', password: 'the admin’s' })),
    toCustomer,
    progress: () => noProgress,
    ...different,
  });
  return { ...imported, run };
}

const shop = aShop(
  { StockCode: 'A', Quantity: '6' },
  { StockCode: 'A', Quantity: '5', CustomerID: '', InvoiceNo: '2' },
  { StockCode: 'BANK CHARGES', Quantity: '1', InvoiceNo: '3', CustomerID: '12583' },
  { StockCode: 'D', Quantity: '-1', InvoiceNo: 'C4' },
);

describe('an import', () => {
  it('adds products, stock for the whole file and customers', async () => {
    const platform = new FakeShop();
    const { products, adjustments, customers, run } = await importInto(platform, shop);
    assert.deepEqual([...platform.products.keys()].toSorted(), ['A', 'BANK.20CHARGES', 'D']);
    assert.deepEqual(platform.products.get('A')!.price, { amountMinor: 255, currency: 'GBP' });
    assert.deepEqual(Object.fromEntries(platform.stock), { A: 11, 'BANK.20CHARGES': 1 });
    assert.deepEqual([...platform.users.keys()].toSorted(), [
      'admin@example.com',
      'customer-12583@import.example',
      'customer-17850@import.example',
      'walk-in@import.example',
    ]);
    assert.deepEqual(
      [products, adjustments, customers].map((tally) => tally.toJSON()),
      [{ created: 3 }, { made: 2, 'not needed': 1 }, { created: 3 }],
    );
    assert.deepEqual([run.failed, run.exitCode({ hasProblems: false })], [[], 0]);
  });

  it('changes nothing when it is repeated', async () => {
    const platform = new FakeShop();
    await importInto(platform, shop);
    const before = structuredClone([platform.products, platform.stock, platform.users]);
    const { products, adjustments, customers } = await importInto(platform, shop);
    assert.deepEqual([platform.products, platform.stock, platform.users], before);
    assert.deepEqual(
      [products, adjustments, customers].map((tally) => tally.toJSON()),
      [{ unchanged: 3 }, { 'made before': 2, 'not needed': 1 }, { known: 3 }],
    );
  });

  it('adds the pieces given with --stock to each product', async () => {
    const platform = new FakeShop();
    await importInto(platform, shop, { stock: 7 });
    assert.deepEqual(Object.fromEntries(platform.stock), { A: 7, 'BANK.20CHARGES': 7, D: 7 });
  });

  it('adds the stock of a second file to that of the first', async () => {
    const platform = new FakeShop();
    await importInto(platform, shop);
    await importInto(platform, { ...shop, sha256: 'f'.repeat(64) });
    assert.equal(platform.stock.get('A'), 22);
  });

  it('updates an existing product', async () => {
    const platform = new FakeShop();
    platform.products.set('A', { name: 'OLD', price: { amountMinor: 1, currency: 'GBP' } });
    const { products } = await importInto(platform, shop);
    assert.deepEqual(products.toJSON(), { created: 2, changed: 1 });
    assert.deepEqual(platform.products.get('A'), {
      name: 'WHITE HANGING HEART',
      price: { amountMinor: 255, currency: 'GBP' },
    });
  });

  it('notes refused requests and continues', async () => {
    const platform = new FakeShop();
    const { customers, run } = await importInto(platform, shop, {
      api: async (request) =>
        (request.body as { email?: string }).email === 'walk-in@import.example'
          ? { status: 400, headers: new Headers(), body: { code: 'InvalidRequest', detail: 'no \u001b[2J' } }
          : platform.api(request),
    });
    assert.deepEqual(run.failed, [
      { record: 'customer walk-in@import.example', code: 'InvalidRequest', detail: 'no \u001b[2J' },
    ]);
    assert.deepEqual(customers.toJSON(), { created: 2 });
    assert.equal(run.exitCode({ hasProblems: false }), 1);
  });

  it('uses the currency of the file', async () => {
    const platform = new FakeShop();
    await importInto(platform, { ...shop, currency: 'JPY' });
    assert.equal(platform.products.get('A')!.price.currency, 'JPY');
  });

  it('ends early when the account is not an admin’s', async () => {
    const platform = new FakeShop();
    platform.users.set('somebody@example.com', 'x');
    const admin = typedClient(withSession(platform.api, { email: 'somebody@example.com', password: 'x' }));
    const { run, customers } = await importInto(platform, shop, { admin });
    assert.match(run.ended!.message, /403 Forbidden$/);
    assert.deepEqual([run.exitCode({ hasProblems: false }), customers.total], [2, 0]);
  });
});
