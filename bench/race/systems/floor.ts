import { frontPlan, inPlaceOf } from '../stand-ins.ts';
import { platformSettings } from '../temporal/settings.ts';
import { PEER_DATABASES, doorPlans } from './peers.ts';
import { type System, frontDoor } from './system.ts';
import { historyEvents, polled } from './temporal.ts';

/**
 * The least that an order costs where a workflow carries it: `direct` as one local activity of a workflow that has
 * nothing else. It keeps no promise beyond being tried again; whatever keeps more does this and more.
 */
export const floor: System = {
  row: 'floor',
  setUp:
    'a workflow of one local activity, which does what direct does; worker and server with the settings that the platform ships',
  needs: { databases: PEER_DATABASES, temporal: platformSettings() },
  async start(stage) {
    const worker = {
      ...inPlaceOf('order', ['bench/race/peers/floor/worker.ts'], stage),
      ready: () => polled(stage, { queue: 'order', of: 'workflows' }),
    };
    const front = frontPlan(['bench/race/peers/temporal/front.ts'], stage);
    await stage.processes.startAll([worker, ...doorPlans(stage), front]);
    return frontDoor(stage);
  },
  historyEvents,
};
