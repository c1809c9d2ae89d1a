import assert from 'node:assert/strict';
import { reportMovement } from '../../stage/outside-ledgers.ts';
import { newCustomer, signInAsAdmin } from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

describe('a stray parcel', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();

  it('is put before a person, although its order was canceled long ago', async () => {
    const [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    const { id, trackingNumber } = await ada.placeAndWait({});
    assert.equal((await ada.cancel(id)).status, 202);
    await ada.waitForOrder(id, { status: 'canceled', fulfillmentStatus: 'canceled', allowedActions: [] });

    assert.equal(await reportMovement(platform, { trackingNumber: trackingNumber!, type: 'dispatched' }), 204);
    const intervention = await admin.waitForIntervention(id);
    assert.deepEqual([intervention.step, intervention.workflowId], ['dispatch', `stray-parcel-${id}`]);
    assert.match(intervention.reason, /as dispatched, but it was canceled/);
    await ada.waitForOrder(id, { status: 'requires_action', allowedActions: [] });

    // The next report is about the same parcel.
    assert.equal(await reportMovement(platform, { trackingNumber: trackingNumber!, type: 'delivered' }), 204);
    await admin.resolve(intervention, 'skip');
    await ada.waitForOrder(id, { status: 'canceled' });
    const steps = (await ada.history(id)).filter(({ step }) => step === 'dispatch');
    assert.deepEqual(
      steps.map(({ outcome }) => outcome),
      ['failed', 'failed'],
    );
  });
});
