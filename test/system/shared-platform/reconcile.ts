import assert from 'node:assert/strict';
import { advance } from '../../stage/outside-ledgers.ts';
import { DISCREPANCIES, type Discrepancy, type Target } from '../discrepancies.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { type Reconciled, reconcile } from '../../stage/run-reconcile.ts';
import { expectStatus } from '../../stage/api-client.ts';
import { reconcileBySchedule } from '../../stage/run-schedule.ts';
import {
  type Intervention,
  type Order,
  type ShopUser,
  signInAsAdmin,
  newCustomer,
  newProduct,
} from '../../stage/shop-users.ts';

describe('npm run reconcile', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const targets = new Map<Discrepancy, Target>();
  let found: Reconciled;
  let admin: ShopUser;

  before(async () => {
    const customer = await newCustomer(platform);
    admin = await signInAsAdmin(platform);
    const orders = await Promise.all(DISCREPANCIES.map(({ orderStage }) => placeOrder(orderStage, customer)));
    DISCREPANCIES.forEach((discrepancy, at) => targets.set(discrepancy, { platform, order: orders[at]! }));
  });

  async function placeOrder(stage: Discrepancy['orderStage'], customer: ShopUser) {
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

  it('finds by its schedule what it finds by the command, and asks a person about each, once', async () => {
    // How long an order takes is for the metrics to say.
    const expected = found.lines.slice(0, -1).filter((line) => !line.includes(' stuck: '));
    const { findings, opened, notCompared } = await reconcileBySchedule(platform);
    assert.deepEqual([findings, opened, notCompared], [expected.length, expected.length, []]);
    const asked = (await openFindings()).map(({ finding, reason }) => {
      const { rule, subject, found: differs } = finding!;
      return rule.endsWith('-balance') ? `${rule}: ${subject}: ${differs}` : `${subject} ${reason}`;
    });
    assert.deepEqual(asked.toSorted(), expected.toSorted());
    assert.partialDeepStrictEqual(await reconcileBySchedule(platform), { opened: 0, open: expected.length });
  });

  it('compares again what a person has put right, and accepts what they accept', async () => {
    const [discrepancy, target] = [...targets][0]!;
    const about = async () => (await openFindings()).filter(({ orderId }) => orderId === target.order.id);
    const [accepted, ...others] = await about();
    assert.equal((await admin.resolve(accepted!, 'skip')).state, 'resolved');
    assert.equal((await admin.resolve(others[0]!, 'retry')).state, 'open');
    await discrepancy.putRight(target);
    for (const finding of others) assert.equal((await admin.resolve(finding, 'retry')).state, 'resolved');
    assert.deepEqual(await about(), []);
    assert.equal((await admin.order(target.order.id)).status, 'confirmed');
    targets.delete(discrepancy);
  });

  it('finds nothing again after all of them are put right', async () => {
    for (const [discrepancy, target] of targets) await discrepancy.putRight(target);
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
    assert.equal((await reconcileBySchedule(platform)).findings, 0);
    assert.deepEqual(await openFindings(), []);
  });

  async function openFindings(): Promise<Intervention[]> {
    const query = { state: 'open', step: 'reconcile', limit: 100 } as const;
    return (await expectStatus(200, admin.api.GET('/v1/admin/interventions', { params: { query } }))).items;
  }

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
