import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { inventoryEvents } from '../../../activities/inventory.ts';
import { paymentEvents } from '../../../activities/payment.ts';
import { shippingEvents } from '../../../activities/shipping.ts';
import * as chain from '../../../bench/race/peers/choreography/events.ts';
import { PARTICIPANTS } from '../../../bench/race/peers/choreography/registry.ts';
import { CHOREOGRAPHY_DATABASES } from '../../../bench/race/systems/choreography.ts';
import { DATABASES } from '../../../services/registry.ts';

describe('the choreography beside the platform’s functions', () => {
  it('has no event type that they write into the same outboxes', () => {
    const theirs = [inventoryEvents, paymentEvents, shippingEvents].flatMap((shapes) => Object.keys(shapes));
    const ours = [chain.orderEvents, chain.paymentEvents, chain.inventoryEvents, chain.shippingEvents].flatMap(
      (shapes) => Object.keys(shapes),
    );
    assert.equal(new Set(ours).size, 8);
    assert.deepEqual(
      ours.filter((type) => theirs.includes(type)),
      [],
    );
  });

  for (const name of PARTICIPANTS) {
    it(`has every migration of the ${name} service`, () => {
      const { migrations } = CHOREOGRAPHY_DATABASES.find((plan) => plan.name === name)!;
      const [own, service] = [migrations, DATABASES[name].migrations].map((folder) => readdirSync(folder).toSorted());
      assert.deepEqual(own, [...service!, '100_create_inbox.ts'], `re-export it in ${migrations}`);
    });
  }
});
