import assert from 'node:assert/strict';
import { advance } from '../../stage/outside-ledgers.ts';
import { DISCREPANCIES, type Discrepancy, type Target } from '../discrepancies.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { type Reconciled, reconcile } from '../../stage/run-reconcile.ts';
import { type Order, type ShopUser, signInAsAdmin, newCustomer, newProduct } from '../../stage/shop-users.ts';

describe('npm run reconcile', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const targets = new Map<Discrepancy, Target>();
  let found: Reconciled;

  before(async () => {
    const [customer, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    const orders = await Promise.all(
      DISCREPANCIES.map(({ orderStage }) => placeOrder(orderStage, { customer, admin })),
    );
    DISCREPANCIES.forEach((discrepancy, at) => targets.set(discrepancy, { platform, order: orders[at]! }));
  });

  async function placeOrder(
    stage: Discrepancy['orderStage'],
    { customer, admin }: Record<'customer' | 'admin', ShopUser>,
  ) {
    const sku = await newProduct(admin, 5);
    const order = await customer.placeAndWait({ sku });
    if (stage === 'confirmed') return order;
    await advance(platform, order);
    if (stage === 'delivered') await advance(platform, order);
    await admin.waitForStock(sku, { onHand: 4, reserved: 0 });
    return customer.waitForOrder(order.id, { fulfillmentStatus: stage, paymentStatus: 'captured' });
  }

  it('exits 0 and finds nothing when the ledgers agree', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
    assert.match(lines.at(-1)!, /^\d+ orders compared in .* s: 0 discrepancies/);
  });

  it('exits 1 and counts the discrepancies when the ledgers differ', async () => {
    for (const [discrepancy, target] of targets) await discrepancy.cause(target);
    found = await reconcile(platform);
    assert.equal(found.code, 1, found.lines.join('\n'));
    const expected = [...targets].flatMap(([discrepancy, { order }]) => discrepancy.says(order));
    assert.match(found.lines.at(-1)!, new RegExp(`: ${expected.length} discrepancies`), found.lines.join('\n'));
  });

  for (const discrepancy of DISCREPANCIES) {
    it(`reports ${discrepancy.name}`, () => {
      const { order } = targets.get(discrepancy)!;
      const expected = discrepancy.says(order);
      assertEachBegins(linesOf(order, expected), expected);
    });
  }

  it('finds nothing again after all of them are put right', async () => {
    for (const [discrepancy, target] of targets) await discrepancy.putRight(target);
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });

  /** The printed lines about an order or its product, which has no other order, and the expected lines. */
  function linesOf({ id, lines: [line] }: Order, expected: readonly string[]): string[] {
    return found.lines.filter(
      (printed) =>
        printed.includes(id) ||
        printed.includes(line!.sku) ||
        expected.some((beginning) => printed.startsWith(beginning)),
    );
  }
});

function assertEachBegins(lines: readonly string[], beginnings: readonly string[]): void {
  assert.equal(lines.length, beginnings.length, lines.join('\n'));
  lines.forEach((line, at) => assert.ok(line.startsWith(beginnings[at]!), `${line}\nis not\n${beginnings[at]}`));
}
