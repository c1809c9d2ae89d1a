import { withDatabase } from '../../../platform/database/provision.ts';
import type { Stage } from '../stage.ts';
import { frontPlan } from '../stand-ins.ts';
import { asSuperuser } from '../superuser.ts';
import { PEER_DATABASES, doorPlans } from './peers.ts';
import { type System, frontDoor } from './system.ts';

const SYSTEM_DATABASE = 'dbos_system';

/** A library that keeps each step's answer in PostgreSQL. */
export const dbos: System = {
  row: 'dbos',
  setUp:
    'the workflow in the process that takes the order, its steps against the services’ doors, its system database on the same PostgreSQL; default settings',
  needs: { databases: PEER_DATABASES },
  async start(stage) {
    const url = await emptyDatabase(stage);
    const front = frontPlan(['bench/race/peers/dbos.ts'], stage, { DBOS_SYSTEM_DATABASE_URL: url });
    await stage.processes.startAll([...doorPlans(stage), front]);
    return frontDoor(stage);
  },
};

async function emptyDatabase({ world: { superuserUrl } }: Stage): Promise<string> {
  await asSuperuser(superuserUrl, [
    `drop database if exists ${SYSTEM_DATABASE} with (force)`,
    `create database ${SYSTEM_DATABASE}`,
  ]);
  return withDatabase(superuserUrl, SYSTEM_DATABASE);
}
