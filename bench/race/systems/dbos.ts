import { withDatabase } from '../../../platform/database/provision.ts';
import type { Stage } from '../stage.ts';
import { frontProcess } from '../process-plans.ts';
import { runAsSuperuser } from '../superuser.ts';
import { PEER_DATABASES, httpServices } from './peers.ts';
import { type System, frontEndpoint } from './system.ts';

const SYSTEM_DATABASE = 'dbos_system';

/** A library that stores each step's result in PostgreSQL. */
export const dbos: System = {
  row: 'dbos',
  setUp:
    'the workflow in the process that takes the order, its steps call the services’ HTTP APIs, its system database on the same PostgreSQL; default settings',
  needs: { databases: PEER_DATABASES },
  async start(stage) {
    const url = await emptyDatabase(stage);
    const front = frontProcess(['bench/race/peers/dbos.ts'], stage, { DBOS_SYSTEM_DATABASE_URL: url });
    await stage.processes.startAll([...httpServices(stage), front]);
    return frontEndpoint(stage);
  },
  // With more, its calls of the services time out, and it rejects orders after three attempts.
  mostClients: 64,
};

async function emptyDatabase({ world: { superuserUrl } }: Stage): Promise<string> {
  await runAsSuperuser(superuserUrl, [
    `drop database if exists ${SYSTEM_DATABASE} with (force)`,
    `create database ${SYSTEM_DATABASE}`,
  ]);
  return withDatabase(superuserUrl, SYSTEM_DATABASE);
}
