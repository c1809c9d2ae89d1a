import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { bareEnvironment } from '../../stage/bare-environment.ts';
import { freePorts } from '../../stage/free-ports.ts';
import { createTemporalClient } from '../../../platform/temporal/client.ts';
import type { TemporalPlace } from '../../../platform/temporal/place.ts';
import { webhookWorkflowId } from '../../../workflows/webhook-delivery/messages.ts';
import { eventually } from '../../stage/eventually.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';
import { TestWebhookService } from './test-webhook-service.ts';

describe('a webhook service that is killed', function () {
  this.timeout(180_000);
  let service: TestWebhookService;
  let temporal: TemporalPlace;
  let silentServer: SilentServer;
  const processes: ChildProcess[] = [];
  before(async () => {
    [service, temporal, silentServer] = await Promise.all([
      TestWebhookService.start(),
      freshNamespace(),
      SilentServer.listen(),
    ]);
  });
  afterEach(() => Promise.all(processes.splice(0).map(kill)));
  after(() => Promise.all([service.close(), silentServer.close()]));

  /** Starts a process as in production; its output is collected in `output`. */
  async function start({ address, namespace }: TemporalPlace) {
    const { port, unusedPort } = await freePorts('port', 'unusedPort');
    const child = spawn(process.execPath, ['services/main.ts', 'webhook'], {
      cwd: path.join(import.meta.dirname, '../../..'),
      env: {
        ...bareEnvironment(),
        SERVICE_TOKEN: 'a service token of more than thirty-two characters',
        WEBHOOK_DATABASE_URL: service.database.url,
        WEBHOOK_PORT: String(port),
        WEBHOOK_SECRET_KEY: service.key.toString('base64'),
        WEBHOOK_ALLOW_PRIVATE: 'true',
        // Nothing listens there: the test needs no new events.
        ORDER_URL: `http://127.0.0.1:${unusedPort}`,
        TEMPORAL_ADDRESS: address,
        TEMPORAL_NAMESPACE: namespace,
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    processes.push(child);
    const started = { child, output: '' };
    child.stdout.on('data', (chunk: Buffer) => (started.output += chunk.toString()));
    return started;
  }

  it('before it started the workflow of a delivery has it started once by later processes', async () => {
    const { ref, state, endpoint } = await service.delivery();
    const first = await start({ ...temporal, address: silentServer.address });
    // It has tried and keeps trying.
    await eventually(() => assert.match(first.output, /could not start the workflows of webhook deliveries/));
    await kill(first.child);
    const row = await service.database.db.selectFrom('deliveries').selectAll().executeTakeFirstOrThrow();
    assert.deepEqual([row.state, row.round, row.started_round], ['pending', 1, 0]);

    await Promise.all([start(temporal), start(temporal)]);
    await eventually(async () => assert.equal((await state()).state, 'delivered'));
    assert.ok(service.verified(endpoint.secret));
    assert.equal(service.receiver.received.length, 1);
    const client = createTemporalClient(temporal);
    const query = `WorkflowId = '${webhookWorkflowId(ref.deliveryId)}'`;
    await eventually(async () => assert.equal((await client.workflow.count(query)).count, 1)).finally(() =>
      client.connection.close(),
    );
  });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Accepts every connection and never responds. */
class SilentServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).resume();
    });
  }

  static async listen(): Promise<SilentServer> {
    const silent = new SilentServer();
    await once(silent.#server.listen(0, '127.0.0.1'), 'listening');
    return silent;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
