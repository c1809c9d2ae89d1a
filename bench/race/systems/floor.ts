import { frontProcess, peerProcess } from '../process-plans.ts';
import { platformSettings } from '../temporal/settings.ts';
import { PEER_DATABASES, httpServices } from './peers.ts';
import { type System, frontEndpoint } from './system.ts';
import { countWorkflows, historyEvents, polled } from './temporal.ts';

/**
 * The lower bound for the cost of an order in a workflow of its own: `direct` as the only local activity of a workflow.
 * It guarantees only that the activity is retried; a system with more guarantees does more work.
 */
export const floor: System = {
  row: 'floor',
  setUp:
    'a workflow with one local activity, which does what direct does; worker and server with the settings that the platform ships',
  needs: { databases: PEER_DATABASES, temporal: platformSettings() },
  async start(stage) {
    const worker = {
      ...peerProcess('order', ['bench/race/peers/floor/worker.ts'], stage),
      ready: (pid: number) => polled(stage, { queue: 'order', of: 'workflows', pid }),
    };
    const front = frontProcess(['bench/race/peers/temporal/front.ts'], stage);
    await stage.processes.startAll([worker, ...httpServices(stage), front]);
    return frontEndpoint(stage);
  },
  historyEvents,
  countWorkflows,
  mostClients: 64,
};
