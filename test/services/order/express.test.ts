import assert from 'node:assert/strict';
import type { OrderActivities } from '../../../activities/order-bookkeeping.ts';
import { untilCalledOff } from '../../../platform/context.ts';
import { createExpress } from '../../../services/order/express.ts';
import { OrderWorlds, createBookkeeping, createServices } from '../../stage/fake-order-services.ts';
import { orderInput } from '../../stage/test-workers.ts';

describe('the express lane', () => {
  function express(reserved: () => void = () => undefined) {
    const worlds = new OrderWorlds();
    const services = createServices(worlds);
    const bookkeeping: OrderActivities = createBookkeeping(worlds, 0);
    const reserveStock: typeof services.reserveStock = async (request) => {
      await services.reserveStock(request);
      reserved();
    };
    const all = { ...services, reserveStock };
    const lane = createExpress(bookkeeping, { cart: all, inventory: all, payment: all, shipping: all });
    const input = orderInput();
    const place = () => lane.placeInOneGo({ workflowId: `order-${input.orderId}`, input });
    return { place, world: worlds.of(input.orderId) };
  }

  it('takes every step once and confirms the order', async () => {
    const { place, world } = express();
    const { first, confirmed } = await place();
    assert.deepEqual([first, confirmed, world.status], [true, true, 'confirmed']);
    assert.deepEqual(world.effects, ['reserve', 'hold', 'book']);
  });

  it('takes no further step once its time is up: the saga may be compensating by then', async () => {
    const timeUp = new AbortController();
    const { place, world } = express(() => timeUp.abort());
    await assert.rejects(untilCalledOff(timeUp.signal, place), { name: 'AbortError' });
    assert.deepEqual([world.effects, world.status], [['reserve'], 'pending']);
  });
});
