import assert from 'node:assert/strict';
import path from 'node:path';
import { type PostgresServer, startPostgres } from '../../../local/postgres.ts';
import { eventually } from '../../stage/eventually.ts';
import { scratchFolder } from '../../stage/test-run.ts';
import { killedAt } from './killed-process.ts';
import { type TwoPhaseStage, UNDONE, assertStands, carriedOut, twoPhaseStage } from './two-phase-stage.ts';

describe('two-phase commit on a PostgreSQL that is killed', () => {
  let server: PostgresServer;
  let stage: TwoPhaseStage;

  const start = (port: number) =>
    startPostgres({
      folder: path.join(scratchFolder(), 'postgres'),
      port,
      settings: { max_prepared_transactions: '10' },
    });

  before(async function () {
    this.timeout(120_000);
    server = await start(0);
    stage = await twoPhaseStage(server.url);
  });
  after(async () => {
    await stage.close();
    await server.close();
  });

  async function killServer(): Promise<void> {
    // Without a checkpoint: what survives is what was flushed.
    process.kill(server.pid, 'SIGQUIT');
    await server.ended;
    server = await start(Number(new URL(server.url).port));
  }

  it('finds its transactions prepared, and ends each as the log says', async () => {
    const [decided, undecided] = [stage.order(), stage.order()];
    const afterDecision = killedAt({ call: 'log.decide', when: 'after' }, stage);
    void stage.coordinator(afterDecision).place(decided);
    await afterDecision.killed;
    const beforeDecision = killedAt({ call: 'log.decide', when: 'before' }, stage);
    void stage.coordinator(beforeDecision).place(undecided);
    await beforeDecision.killed;
    const prepared = await stage.databases.prepared();
    assert.equal(prepared.length, 6);

    await killServer();
    assert.deepEqual(await stage.databases.prepared(), prepared);
    // The first statements go to connections that are gone.
    const coordinator = stage.coordinator({ participants: stage.startParticipants() });
    await eventually(async () => {
      await coordinator.recover();
      assert.deepEqual(await stage.log.listOpen(), []);
    });
    assert.deepEqual(await stage.databases.prepared(), []);
    await assertStands(stage, decided, carriedOut(decided));
    await assertStands(stage, undecided, UNDONE);
  });
});
