import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { NOW, orderBody } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

const PATH = '/v1/users/me/payment-methods';

describe('payment methods that users save, at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  const methodOf = (id: string) => ({ id, brand: 'visa', last4: '4242', expires: '2034-12', savedAt: NOW });
  beforeEach(() => {
    const { savedMethods } = gateway.services.store;
    savedMethods.clear();
    savedMethods.set(gateway.customer.id, [methodOf('pm_2'), methodOf('pm_1')]);
  });
  const remove = (id: string, as = gateway.customer) => gateway.call(`DELETE ${PATH}/${id}`, { as });

  it('are listed to their user alone, with what may be shown, in pages', async () => {
    const { status, body } = await gateway.call(`GET ${PATH}`, { as: gateway.customer });
    assert.deepEqual([status, body], [200, { items: [methodOf('pm_2'), methodOf('pm_1')], next: null }]);
    const page = await gateway.call(`GET ${PATH}?limit=1`, { as: gateway.customer });
    assert.deepEqual([page.body.items.length, page.body.next], [1, `${PATH}?cursor=c-2&limit=1`]);
    for (const as of [gateway.other, gateway.admin]) {
      assert.deepEqual((await gateway.call(`GET ${PATH}`, { as })).body.items, []);
    }
  });

  it('are removed by their user alone; for others they do not exist', async () => {
    for (const as of [gateway.other, gateway.admin]) {
      const { status, body } = await remove('pm_1', as);
      assert.deepEqual([status, body.code], [404, 'PaymentMethodNotFound']);
    }
    assert.equal((await remove('pm_1')).status, 204);
    const { body } = await gateway.call(`GET ${PATH}`, { as: gateway.customer });
    assert.deepEqual(
      body.items.map(({ id }) => id),
      ['pm_2'],
    );
  });

  it('are not found by what cannot be a token, and no service is asked', async () => {
    for (const id of ['1', 'pm-1', 'x'.repeat(101)]) {
      gateway.services.calls.length = 0;
      const { status, body } = await remove(id);
      assert.deepEqual([status, body.code], [404, 'PaymentMethodNotFound'], id);
      assert.ok(!gateway.services.calls.includes('payments.removePaymentMethod'), id);
    }
  });

  it('are nothing for guests, neither to list, nor to remove, nor to save', async () => {
    for (const answer of [
      await gateway.call(`GET ${PATH}`, { as: gateway.guest }),
      await remove('pm_1', gateway.guest),
    ]) {
      assert.deepEqual([answer.status, answer.body.code], [403, 'AccountRequired']);
    }
    const place = (savePaymentMethod: boolean) =>
      gateway.call('POST /v1/orders', { as: gateway.guest, key: randomUUID(), body: orderBody({ savePaymentMethod }) });
    const refused = await place(true);
    assert.deepEqual([refused.status, refused.body.code], [403, 'AccountRequired']);
    assert.equal(gateway.services.store.drafts.size, 0);
    gateway.services.store.guests.known.set(gateway.guest.id, { email: 'ada@example.com', name: null });
    assert.equal((await place(false)).status, 202);
  });

  it('are saved by orders that say so: the order service and the workflow learn of it', async () => {
    for (const savePaymentMethod of [true, undefined]) {
      const body = orderBody(savePaymentMethod === undefined ? {} : { savePaymentMethod });
      const answer = await gateway.call('POST /v1/orders', { as: gateway.customer, key: randomUUID(), body });
      assert.equal(answer.status, 202);
      const draft = gateway.services.store.drafts.get(answer.body.id);
      const [input] = gateway.temporal.started.get(`order-${answer.body.id}`)!.options.args as [typeof draft];
      assert.deepEqual([draft?.savePaymentMethod, input?.savePaymentMethod], [savePaymentMethod, savePaymentMethod]);
      assert.ok(!answer.text.includes('savePaymentMethod'));
    }
  });
});
