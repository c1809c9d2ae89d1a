import assert from 'node:assert/strict';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { askRefund } from '../../stage/order-requests.ts';
import { advance, decideDispute, moneyInWords } from '../../stage/outside-ledgers.ts';
import { reconcile } from '../../stage/run-reconcile.ts';
import { PRICE_MINOR, type ShopUser, newCustomer, signInAsAdmin } from '../../stage/shop-users.ts';
import { expectStatus } from '../../stage/api-client.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

const [HELD, CAPTURED] = [`authorization ${PRICE_MINOR}`, `capture ${PRICE_MINOR}`];

describe('a payment that the card’s holder disputes (pm_sandbox_disputed)', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  const test = concurrently(4);
  let ada: ShopUser;
  let admin: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  async function disputed() {
    const order = await ada.placeAndWait({ paymentMethod: 'pm_sandbox_disputed' });
    await advance(platform, order);
    const intervention = await admin.waitForIntervention(order.id);
    assert.deepEqual(
      [intervention.step, intervention.allowedActions.map(({ action }) => action)],
      ['dispute', ['skip']],
    );
    assert.match(intervention.reason, /disputes £12\.50, .*fraudulent; answer by \d{4}-\d\d-\d\d/);
    return { order, intervention };
  }
  const resolvedBy = (id: string) =>
    eventually(async () => {
      const params = { path: { interventionId: id } };
      const found = await expectStatus(200, admin.api.GET('/v1/admin/interventions/{interventionId}', { params }));
      assert.equal(found.state, 'resolved');
      return [found.resolvedBy, found.note];
    }, 120_000);
  const goesOn = async (id: string, trackingNumber: string | undefined) => {
    await advance(platform, { trackingNumber });
    await ada.waitForOrder(id, { status: 'confirmed', paymentStatus: 'captured', fulfillmentStatus: 'delivered' });
  };

  test('is won: what was asked closes by itself, and the order can be refunded again', async () => {
    const { order, intervention } = await disputed();
    const { id, trackingNumber } = order;
    assert.equal((await askRefund(admin, id, 100)).status, 202);
    const refused = await eventually(async () => {
      const query = { state: 'open', step: 'refundPayment', limit: 100 } as const;
      const { items } = await expectStatus(200, admin.api.GET('/v1/admin/interventions', { params: { query } }));
      return items.find(({ orderId }) => orderId === id) ?? assert.fail('no refund was refused');
    }, 120_000);
    assert.match(refused.reason, /^RefundRefused: .*disputes/);
    for (const _again of [1, 2]) await decideDispute(platform, id, 'won');
    assert.deepEqual(await resolvedBy(intervention.id), ['system', 'the dispute was won']);
    await admin.resolve(refused, 'retry');
    await ada.waitForOrder(id, { status: 'confirmed', paymentStatus: 'partially_refunded' });
    await advance(platform, { trackingNumber });
    await ada.waitForOrder(id, { fulfillmentStatus: 'delivered' });
    assert.deepEqual(await moneyInWords(platform, id), [HELD, CAPTURED, 'refund 100']);
  });

  test('is lost: what was asked closes by itself, and the order goes on', async () => {
    const { order, intervention } = await disputed();
    await decideDispute(platform, order.id, 'lost');
    assert.deepEqual(await resolvedBy(intervention.id), ['system', 'the dispute was lost']);
    await goesOn(order.id, order.trackingNumber);
    assert.deepEqual(await moneyInWords(platform, order.id), [HELD, CAPTURED]);
  });

  test('is dealt with by a person, and decided afterwards', async () => {
    const { order, intervention } = await disputed();
    await admin.resolve(intervention, 'skip');
    await goesOn(order.id, order.trackingNumber);
    await decideDispute(platform, order.id, 'won');
    assert.deepEqual((await resolvedBy(intervention.id))[1], 'looked into it');
  });
});

describe('after these disputes every ledger', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();

  it('agrees with every other, according to npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});
