import path from 'node:path';
import type { DatabaseName } from '../../../services/registry.ts';
import { PARTICIPANTS } from '../peers/two-phase-commit/contract.ts';
import { frontProcess, peerProcess } from '../process-plans.ts';
import type { Stage } from '../stage.ts';
import { queryAsSuperuser, rowsAsSuperuser } from '../superuser.ts';
import { adminUrl } from '../world.ts';
import { PEER_DATABASES } from './peers.ts';
import { type System, frontEndpoint } from './system.ts';

const FOLDER = 'bench/race/peers/two-phase-commit';

/** Presumed-abort two-phase commit over the services' databases. */
export const twoPhaseCommit: System = {
  row: 'two-phase-commit',
  setUp:
    'a coordinator with a log of its own in the process that takes the order; each service prepares its step with PREPARE TRANSACTION; the response at the commit point, COMMIT PREPARED after it; processor and carrier cannot vote',
  needs: { databases: PEER_DATABASES.map(withLog) },
  async start(stage) {
    const participants = Object.keys(PARTICIPANTS).map((service) =>
      peerProcess(service, [`${FOLDER}/service.ts`, service], stage),
    );
    await stage.processes.startAll([...participants, frontProcess([`${FOLDER}/front.ts`], stage)]);
    return frontEndpoint(stage);
  },
  countUnfinished,
  // With more, an order waits for stock that others have prepared almost as long as a statement may take.
  mostClients: 64,
  flash: true,
  underFaults: {
    services: Object.keys(PARTICIPANTS),
    deciders: ['front'],
    resumes: true,
    unfinished,
    lookAt: 'the coordinator’s log, and `pg_prepared_xacts` at each service',
  },
};

/** By the coordinator's log: orders without a decision, and decisions that are not carried out everywhere. */
async function unfinished({ world }: Stage): Promise<Map<string, string>> {
  const rows = await rowsAsSuperuser(
    adminUrl(world, 'order'),
    `select id, coalesce(decision || ' is not carried out: ' || coalesce(trouble, 'under way'), 'no decision yet') as reason
     from orders left join transactions on order_id = id
     where status = 'pending' or (decision is not null and ended_at is null)`,
  );
  return new Map(rows.map(({ id, reason }) => [String(id), String(reason)]));
}

/** The coordinator's log is a table beside the orders. */
function withLog<Plan extends { name: DatabaseName; migrations: string }>(plan: Plan): Plan {
  const migrations = path.join(import.meta.dirname, '../peers/two-phase-commit/migrations');
  return plan.name === 'order' ? { ...plan, migrations } : plan;
}

/** The orders whose decision is not made or not carried out by all participants. */
async function countUnfinished({ world }: Stage): Promise<number> {
  const { count } = await queryAsSuperuser(
    adminUrl(world, 'order'),
    `select (select count(*) from orders where status = 'pending')
       + (select count(*) from transactions where ended_at is null) as count`,
  );
  return Number(count);
}
