import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Socket, connect, createServer } from 'node:net';
import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { createLogger } from '../../../../platform/telemetry/logger.ts';
import { createTemporalClient } from '../../../../platform/temporal/client.ts';
import type { TemporalPlace } from '../../../../platform/temporal/place.ts';
import { keepSchedule, setSchedule } from '../../../../services/order/reconcile/schedule.ts';
import { RECONCILIATION_ID } from '../../../../workflows/reconciliation/messages.ts';
import { eventually } from '../../../stage/eventually.ts';
import { freePorts } from '../../../stage/free-ports.ts';
import { freshNamespace } from '../../../stage/fresh-namespace.ts';

const MINUTE_MS = 60_000;

/** Makes the Temporal server respond at this port of 127.0.0.1. */
async function relayTo(address: string, port: number): Promise<{ close(): Promise<void> }> {
  const [host, target] = address.split(':') as [string, string];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const upstream = connect(Number(target), host);
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one.on('error', () => undefined);
    }
    socket.pipe(upstream).pipe(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('the schedule of the reconciliation', function () {
  this.timeout(60_000);
  let place: TemporalPlace;
  const clients: Client[] = [];
  const newClient = (at = place) => {
    const client = createTemporalClient(at);
    clients.push(client);
    return client;
  };
  beforeEach(async () => {
    place = await freshNamespace();
  });
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.connection.close())));

  const described = (client: Client) => client.schedule.getHandle(RECONCILIATION_ID).describe();
  async function listed(client: Client): Promise<string[]> {
    const ids: string[] = [];
    for await (const { scheduleId } of client.schedule.list()) ids.push(scheduleId);
    return ids;
  }

  it('is one, however many replicas start at the same time, and starts the workflow with some jitter, never two at once', async () => {
    const replicas = Array.from({ length: 5 }, () => newClient());
    await Promise.all(replicas.map((client) => setSchedule(client, 60)));
    const [client] = replicas as [Client];
    await eventually(async () => assert.deepEqual(await listed(client), [RECONCILIATION_ID]));
    const { spec, policies, action } = await described(client);
    assert.deepEqual([spec.intervals?.map(({ every }) => every), spec.jitter], [[60 * MINUTE_MS], 6 * MINUTE_MS]);
    assert.deepEqual([policies.overlap, policies.catchupWindow], ['SKIP', MINUTE_MS]);
    assert.partialDeepStrictEqual(action, {
      type: 'startWorkflow',
      workflowType: 'reconciliationWorkflow',
      taskQueue: 'order',
      workflowId: 'reconcile',
      args: [{}],
    });
  });

  it('follows the setting at the next start, and stays paused where a person has paused it', async () => {
    const client = newClient();
    await setSchedule(client, 60);
    await client.schedule.getHandle(RECONCILIATION_ID).pause('the books are being moved');
    await setSchedule(client, 15);
    const { spec, state } = await described(client);
    assert.deepEqual(
      spec.intervals?.map(({ every }) => every),
      [15 * MINUTE_MS],
    );
    assert.deepEqual([state.paused, state.note], [true, 'the books are being moved']);
  });

  it('is none with 0, also where there was one', async () => {
    const client = newClient();
    await setSchedule(client, 0);
    await setSchedule(client, 60);
    await setSchedule(client, 0);
    await assert.rejects(described(client), ScheduleNotFoundError);
  });

  it('starts the workflow', async () => {
    const client = newClient();
    await setSchedule(client, 60);
    await client.schedule.getHandle(RECONCILIATION_ID).trigger();
    await eventually(async () => {
      const { info } = await described(client);
      const [started] = info.recentActions;
      assert.match(started!.action.workflow.workflowId, /^reconcile-20/);
    });
  });

  it('is set up later where Temporal is away at the start', async () => {
    const { port } = await freePorts('port');
    const address = `127.0.0.1:${port}`;
    const logger = createLogger('test', 'emerg');
    const kept = keepSchedule({ client: newClient({ ...place, address }), everyMinutes: 60, logger });
    try {
      await sleep(200);
      await assert.rejects(described(newClient()), ScheduleNotFoundError);
      const relay = await relayTo(place.address, port);
      try {
        await eventually(() => described(newClient()), 30_000, 200);
      } finally {
        await relay.close();
      }
    } finally {
      await kept.close();
    }
  });
});
