import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { takePorts } from '../../../platform/ports.ts';
import { type TemporalPlace, createTemporalClient } from '../../../platform/temporal/client.ts';
import { webhookWorkflowId } from '../../../workflows/webhook-delivery/messages.ts';
import { eventually } from '../../stage/eventually.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';
import { WebhookStage } from './test-webhook-service.ts';

describe('a webhook service that is killed', function () {
  this.timeout(180_000);
  let stage: WebhookStage;
  let temporal: TemporalPlace;
  let silence: Silence;
  const processes: ChildProcess[] = [];
  before(async () => {
    [stage, temporal, silence] = await Promise.all([WebhookStage.set(), freshNamespace(), Silence.listen()]);
  });
  afterEach(() => Promise.all(processes.splice(0).map(kill)));
  after(() => Promise.all([stage.close(), silence.close()]));

  /** A process as in production; what it says grows in `said`. */
  async function start({ address, namespace }: TemporalPlace) {
    const { port, nobody } = await takePorts({ port: 0, nobody: 0 });
    const child = spawn(process.execPath, ['services/main.ts', 'webhook'], {
      cwd: path.join(import.meta.dirname, '../../..'),
      env: {
        PATH: process.env.PATH,
        SERVICE_TOKEN: 'a service token of more than thirty-two characters',
        WEBHOOK_DATABASE_URL: stage.database.url,
        WEBHOOK_PORT: String(port),
        WEBHOOK_SECRET_KEY: stage.key.toString('base64'),
        WEBHOOK_ALLOW_PRIVATE: 'true',
        // Its events have come before.
        ORDER_URL: `http://127.0.0.1:${nobody}`,
        TEMPORAL_ADDRESS: address,
        TEMPORAL_NAMESPACE: namespace,
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    processes.push(child);
    const started = { child, said: '' };
    child.stdout.on('data', (chunk: Buffer) => (started.said += chunk.toString()));
    return started;
  }

  it('between writing a delivery down and starting its workflow has it started once by those who come after', async () => {
    const { ref, state, endpoint } = await stage.delivery();
    const first = await start({ ...temporal, address: silence.address });
    // It has tried, and goes on trying.
    await eventually(() => assert.match(first.said, /webhook deliveries not started/));
    await kill(first.child);
    const row = await stage.database.db.selectFrom('deliveries').selectAll().executeTakeFirstOrThrow();
    assert.deepEqual([row.state, row.round, row.started_round], ['pending', 1, 0]);

    await Promise.all([start(temporal), start(temporal)]);
    await eventually(async () => assert.equal((await state()).state, 'delivered'));
    assert.ok(stage.verified(endpoint.secret));
    assert.equal(stage.receiver.received.length, 1);
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

/** Where a server should be: takes every connection and never says a word. */
class Silence {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).resume();
    });
  }

  static async listen(): Promise<Silence> {
    const silence = new Silence();
    await once(silence.#server.listen(0, '127.0.0.1'), 'listening');
    return silence;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
