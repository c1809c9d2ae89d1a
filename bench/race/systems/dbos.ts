import type { DBOSClient } from '@dbos-inc/dbos-sdk';
import { withDatabase } from '../../../platform/database/provision.ts';
import type { Stage } from '../stage.ts';
import { frontProcess } from '../process-plans.ts';
import { runAsSuperuser } from '../superuser.ts';
import { PEER_DATABASES, STEP_PROCESSES, httpServices } from './peers.ts';
import { type System, frontEndpoint } from './system.ts';

const SYSTEM_DATABASE = 'dbos_system';

/** A library that stores each step's result in PostgreSQL. */
export const dbos: System = {
  row: 'dbos',
  setUp:
    'the workflow in the process that takes the order, its steps call the services’ HTTP APIs, its system database on the same PostgreSQL; a step that fails is repeated up to ten times, otherwise default settings',
  needs: { databases: PEER_DATABASES },
  async start(stage) {
    const url = await emptyDatabase(stage);
    const front = frontProcess(['bench/race/peers/dbos.ts'], stage, { DBOS_SYSTEM_DATABASE_URL: url });
    await stage.processes.startAll([...httpServices(stage), front]);
    return frontEndpoint(stage);
  },
  // With more, its calls of the services time out.
  mostClients: 64,
  underFaults: {
    services: STEP_PROCESSES,
    deciders: ['front'],
    resumes: true,
    unfinished,
    repair,
    lookAt: 'the table `dbos.workflow_status` and that of its steps, or its console',
  },
};

/** What its own client lists as not successful. */
function unfinished(stage: Stage): Promise<Map<string, string>> {
  return withClient(stage, async (client) => {
    const workflows = await client.listWorkflows({ status: [...OPEN, 'ERROR'], loadInput: false });
    const reason = ({ status, error }: (typeof workflows)[number]) =>
      error === undefined ? status : `${status}: ${error instanceof Error ? error.message : JSON.stringify(error)}`;
    return new Map(workflows.map((workflow) => [workflow.workflowID, reason(workflow)]));
  });
}

/** Resumes what is open. A workflow that has failed is at its end and cannot be resumed. */
function repair(stage: Stage): Promise<void> {
  return withClient(stage, async (client) => {
    const workflows = await client.listWorkflows({ status: [...OPEN], loadInput: false });
    await client.resumeWorkflows(workflows.map(({ workflowID }) => workflowID));
  });
}

const OPEN = ['PENDING', 'ENQUEUED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'] as const;

async function withClient<Result>({ world }: Stage, work: (client: DBOSClient) => Promise<Result>): Promise<Result> {
  // Loaded when it is needed: the command line also serves where the peers are not installed yet.
  const { DBOSClient } = await import('@dbos-inc/dbos-sdk');
  const client = await DBOSClient.create({ systemDatabaseUrl: withDatabase(world.superuserUrl, SYSTEM_DATABASE) });
  try {
    return await work(client);
  } finally {
    await client.destroy();
  }
}

async function emptyDatabase({ world, superuserUrl }: Stage): Promise<string> {
  await runAsSuperuser(world.superuserUrl, [
    `drop database if exists ${SYSTEM_DATABASE} with (force)`,
    `create database ${SYSTEM_DATABASE}`,
  ]);
  return withDatabase(superuserUrl, SYSTEM_DATABASE);
}
