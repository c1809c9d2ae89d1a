import { frontProcess } from '../process-plans.ts';
import { PEER_DATABASES, STEP_PROCESSES, httpServices } from './peers.ts';
import { type System, frontEndpoint } from './system.ts';

/** No durability: the cost of a handler that calls one service after the other. */
export const direct: System = {
  row: 'direct',
  setUp: 'an HTTP handler that calls one service after the other; nothing resumes after a crash',
  needs: { databases: PEER_DATABASES },
  async start(stage) {
    await stage.processes.startAll([...httpServices(stage), frontProcess(['bench/race/peers/direct.ts'], stage)]);
    return frontEndpoint(stage);
  },
  flash: true,
  underFaults: {
    services: STEP_PROCESSES,
    deciders: ['front'],
    resumes: false,
    lookAt: 'nowhere: the order’s row says `pending`, and four ledgers must be compared by hand',
  },
};
