import assert from 'node:assert/strict';
import { advance } from '../../stage/outside-ledgers.ts';
import { type Bed, PLANTS, type Plant } from '../planting.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { type Reconciled, reconcile } from '../../stage/run-reconcile.ts';
import { type Order, type Person, admin, newCustomer, newProduct } from '../../stage/shop-people.ts';

describe('npm run reconcile', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const beds = new Map<Plant, Bed>();
  let found: Reconciled;

  before(async () => {
    const [customer, keeper] = await Promise.all([newCustomer(platform), admin(platform)]);
    const orders = await Promise.all(PLANTS.map(({ soil }) => orderThatIs(soil, { customer, keeper })));
    PLANTS.forEach((plant, at) => beds.set(plant, { platform, order: orders[at]! }));
  });

  async function orderThatIs(soil: Plant['soil'], { customer, keeper }: Record<'customer' | 'keeper', Person>) {
    const sku = await newProduct(keeper, 5);
    const order = await customer.placed({ sku });
    if (soil === 'confirmed') return order;
    await advance(platform, order);
    if (soil === 'delivered') await advance(platform, order);
    await keeper.stockOnce(sku, { onHand: 4, reserved: 0 });
    return customer.orderOnce(order.id, { fulfillmentStatus: soil, paymentStatus: 'captured' });
  }

  it('finds nothing where nothing is wrong, and exits 0', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
    assert.match(lines.at(-1)!, /^\d+ orders compared in .* s: 0 discrepancies/);
  });

  it('exits 1 where something is wrong, and says how much', async () => {
    for (const [plant, bed] of beds) await plant.plant(bed);
    found = await reconcile(platform);
    assert.equal(found.code, 1, found.lines.join('\n'));
    const expected = [...beds].flatMap(([plant, { order }]) => plant.says(order));
    assert.match(found.lines.at(-1)!, new RegExp(`: ${expected.length} discrepancies`), found.lines.join('\n'));
  });

  for (const plant of PLANTS) {
    it(`names ${plant.name}`, () => {
      const { order } = beds.get(plant)!;
      const expected = plant.says(order);
      assertEachBegins(linesOf(order, expected), expected);
    });
  }

  it('finds nothing again when all of it is put right', async () => {
    for (const [plant, bed] of beds) await plant.putRight(bed);
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });

  /** All that was said of an order or of its product, of which it is the only order, or of what is expected. */
  function linesOf({ id, lines: [line] }: Order, expected: readonly string[]): string[] {
    return found.lines.filter(
      (said) => said.includes(id) || said.includes(line!.sku) || expected.some((words) => said.startsWith(words)),
    );
  }
});

function assertEachBegins(lines: readonly string[], beginnings: readonly string[]): void {
  assert.equal(lines.length, beginnings.length, lines.join('\n'));
  lines.forEach((line, at) => assert.ok(line.startsWith(beginnings[at]!), `${line}\nis not\n${beginnings[at]}`));
}
