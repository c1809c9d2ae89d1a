import { frontPlan } from '../stand-ins.ts';
import { PEER_DATABASES, doorPlans } from './peers.ts';
import { type System, frontDoor } from './system.ts';

/** No durability: what a handler costs that simply awaits the services, one after the other. */
export const direct: System = {
  row: 'direct',
  setUp: 'an HTTP handler that awaits each service’s door in turn; nothing carries on after a crash',
  needs: { databases: PEER_DATABASES },
  async start(stage) {
    await stage.processes.startAll([...doorPlans(stage), frontPlan(['bench/race/peers/direct.ts'], stage)]);
    return frontDoor(stage);
  },
};
