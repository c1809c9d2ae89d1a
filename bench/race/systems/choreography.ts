import path from 'node:path';
import { portSetting } from '../../../local/processes.ts';
import { deadLetterRequests } from '../../../platform/contract/event.ts';
import { createClient } from '../../../platform/http/client.ts';
import { type DatabaseName, DATABASES } from '../../../services/registry.ts';
import type { DatabasePlan } from '../../../platform/database/provision.ts';
import { PARTICIPANTS } from '../peers/choreography/registry.ts';
import { frontProcess, peerProcess } from '../process-plans.ts';
import type { Stage } from '../stage.ts';
import { rowsAsSuperuser } from '../superuser.ts';
import { type System, frontEndpoint } from './system.ts';

const PEER = path.join(import.meta.dirname, '../peers/choreography');
const planOf = (name: DatabaseName, appendOnly: readonly string[]): DatabasePlan<DatabaseName> => ({
  name,
  migrations: path.join(PEER, 'migrations', name),
  appendOnly,
});

/** The platform's databases with an inbox for each, and an order table with outbox and inbox. */
export const CHOREOGRAPHY_DATABASES = [
  ...PARTICIPANTS.map((name) => planOf(name, DATABASES[name].appendOnly)),
  planOf('order', []),
];

/** No coordinator: each service reacts to the events of the one before it. */
export const choreography: System = {
  row: 'choreography',
  setUp:
    'no coordinator: order, payment, inventory and shipping each subscribe to the one before them, on the platform’s outbox, feed and inbox; the order process waits for the last event',
  needs: { databases: CHOREOGRAPHY_DATABASES },
  async start(stage) {
    const participants = PARTICIPANTS.map((name) =>
      peerProcess(name, ['bench/race/peers/choreography/participant.ts', name], stage),
    );
    const front = frontProcess(['bench/race/peers/choreography/front.ts'], stage);
    await stage.processes.startAll([...participants, front]);
    return frontEndpoint(stage);
  },
  // With more, no more orders are confirmed a second: they only wait longer in the inboxes.
  mostClients: 64,
  flash: true,
  underFaults: {
    services: PARTICIPANTS,
    deciders: ['front'],
    resumes: true,
    unfinished,
    repair,
    lookAt: 'the inbox and the outbox of each of the four services',
  },
};

interface WaitingEvent {
  id: string;
  type: string;
  subject: string;
  attempts: number;
  last_error: string | null;
}

/** The events that wait in the inboxes, by service. */
const waitingEvents = ({ ledgers }: Stage) =>
  Promise.all(
    (['order', ...PARTICIPANTS] as const).map(async (service) => {
      const query = `select id, type, subject, attempts, last_error from inbox where state = 'waiting'`;
      const events = (await rowsAsSuperuser(ledgers.databaseUrls[service], query)) as unknown as WaitingEvent[];
      return { service, events };
    }),
  );

/** The orders for which an event waits somewhere. */
async function unfinished(stage: Stage): Promise<Map<string, string>> {
  const found = (await waitingEvents(stage)).flatMap(({ service, events }) =>
    events.map(({ type, subject, attempts, last_error }) => {
      const tried = `${attempts} attempts${last_error === null ? '' : `, the last: ${last_error}`}`;
      return [subject, `${service} has not handled ${type}: ${tried}`] as const;
    }),
  );
  return new Map(found);
}

/** Has every event that waits tried again at once. */
async function repair(stage: Stage): Promise<void> {
  const { ports, secrets } = stage.surroundings;
  for (const { service, events } of await waitingEvents(stage)) {
    const urls = [`http://127.0.0.1:${ports[portSetting(service)]}`];
    const api = createClient({ service, urls, token: secrets.serviceToken }, 'events', deadLetterRequests);
    for (const { id: eventId } of events) {
      await api.resolveDeadLetter({ eventId, action: 'retry', note: 'bench', resolvedBy: 'bench' });
    }
  }
}
