import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, type Transaction, sql } from 'kysely';
import { connect } from '../../../platform/database/connection.ts';
import { type EffectKey, once, recall, undo } from '../../../platform/contract/effect.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { patiently } from '../../stage/retry-pool-timeout.ts';

// Any service's database has effects; this one also has a table in which an effect can leave a trace.
type Database = InventoryDatabase;
type Work = Transaction<Database>;

describe('effects', () => {
  let database: FreshDatabase<Database>;
  let db: Kysely<Database>;

  before(async function () {
    this.timeout(120_000);
    database = await freshDatabase<Database>('inventory');
    db = database.db;
  });
  after(() => database.drop());

  const key = (): EffectKey => ({ subject: randomUUID(), step: 'try' });
  /** Counts in the database how often this key's effect was kept. */
  const count = async (work: Work, { subject }: EffectKey, by = 1): Promise<void> => {
    await work
      .insertInto('stock')
      .values({ sku: subject, on_hand: by, reserved: 0 })
      .onConflict((conflict) => conflict.column('sku').doUpdateSet({ on_hand: sql`stock.on_hand + ${by}` }))
      .execute();
  };
  const counted = async ({ subject }: EffectKey): Promise<number> =>
    (await db.selectFrom('stock').select('on_hand').where('sku', '=', subject).executeTakeFirst())?.on_hand ?? 0;
  const counting = (of: EffectKey) => (work: Work) => count(work, of);
  const reversing = (of: EffectKey) => (work: Work) => count(work, of, 100);
  const no = () => Promise.reject(new Refusal('No', 'not today'));

  describe('once', () => {
    it('happens once and hands back the first answer, however often it is asked', async () => {
      const step = key();
      const attempts = Array.from({ length: 20 }, (_, index) =>
        patiently(() =>
          once(db, step, async (work) => {
            await count(work, step);
            return { answeredBy: index };
          }),
        ),
      );
      const answers = new Set((await Promise.all(attempts)).map(({ answeredBy }) => answeredBy));
      assert.equal(answers.size, 1);
      assert.equal(await counted(step), 1);
      const later = await once(db, step, async () => ({ answeredBy: -1 }));
      assert.ok(answers.has(later.answeredBy));
    });

    it('hands back every kind of answer as it was', async () => {
      for (const answer of [undefined, 0, false, '', 'text', [1, 2], { deep: { list: [null] } }]) {
        const step = key();
        assert.deepEqual(await once(db, step, async () => answer), answer);
        assert.deepEqual(await once(db, step, async () => 'another' as never), answer);
      }
    });

    it('keeps different steps of one subject, and one step of different subjects, apart', async () => {
      const step = key();
      for (const other of [step, { ...step, step: 'another' }, key()]) {
        await once(db, other, counting(step));
      }
      assert.equal(await counted(step), 3);
    });

    it('that was refused takes its writes back and stays refused in the same words', async () => {
      const step = key();
      const refuse = async (work: Work) => {
        await count(work, step);
        return no();
      };
      await assert.rejects(once(db, step, refuse), { code: 'No', message: 'not today' });
      await assert.rejects(once(db, step, counting(step)), { name: 'Refusal', code: 'No', message: 'not today' });
      assert.equal(await counted(step), 0);
    });

    it('says that it was refused in the same transaction, once', async () => {
      const step = key();
      const told: string[] = [];
      const tell = async (work: Work, refusal: Refusal) => {
        told.push(refusal.code);
        await count(work, step);
      };
      await assert.rejects(once(db, step, no, tell), { code: 'No' });
      await assert.rejects(once(db, step, no, tell), { code: 'No' });
      assert.deepEqual(told, ['No']);
      assert.equal(await counted(step), 1);
    });

    it('that failed leaves nothing behind and can be tried again', async () => {
      const step = key();
      const fail = async (work: Work) => {
        await count(work, step);
        throw new Error('a fault');
      };
      await assert.rejects(once(db, step, fail), /a fault/);
      assert.equal(await recall(db, step), undefined);
      await once(db, step, counting(step));
      assert.equal(await counted(step), 1);
    });

    it('that failed while saying that it was refused can be tried again', async () => {
      const step = key();
      const fail = () => Promise.reject(new Error('a fault'));
      await assert.rejects(once(db, step, no, fail), /a fault/);
      await once(db, step, counting(step));
      assert.equal(await counted(step), 1);
    });

    it('whose connection dies between effect and answer has not happened', async () => {
      const step = key();
      const owner = connect<Database>(database.ownerUrl, 1);
      try {
        const dying = once(db, step, async (work) => {
          await count(work, step);
          const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(work);
          await sql`select pg_terminate_backend(${rows[0]!.pid}, 5000)`.execute(owner);
          return 'never told';
        });
        await assert.rejects(dying, /connection error|terminat/i);
      } finally {
        await owner.destroy();
      }
      assert.equal(await counted(step), 0);
      assert.equal(await once(db, step, async (work) => (await count(work, step), 'told')), 'told');
      assert.equal(await counted(step), 1);
    });
  });

  describe('undo', () => {
    it('reverses what happened, once', async () => {
      const step = key();
      await once(db, step, counting(step));
      await Promise.all([1, 2, 3].map(() => undo(db, step, reversing(step))));
      await undo(db, step, reversing(step));
      assert.equal(await counted(step), 101);
      await assert.rejects(once(db, step, counting(step)), { code: 'Undone' });
    });

    it('of what never happened reverses nothing and keeps it from happening late', async () => {
      const step = key();
      await undo(db, step, reversing(step));
      await assert.rejects(once(db, step, counting(step)), { code: 'Undone' });
      assert.equal(await counted(step), 0);
    });

    it('of what was refused reverses nothing', async () => {
      const step = key();
      await assert.rejects(once(db, step, no), { code: 'No' });
      await undo(db, step, reversing(step));
      assert.equal(await counted(step), 0);
      await assert.rejects(once(db, step, counting(step)), { code: 'Undone' });
    });

    it('that failed or was refused leaves the step done, and can be tried again', async () => {
      const step = key();
      await once(db, step, async (work) => (await count(work, step), 'done'));
      await assert.rejects(
        undo(db, step, async (work) => (await reversing(step)(work), no())),
        { code: 'No' },
      );
      assert.equal(await counted(step), 1);
      assert.deepEqual(await recall(db, step), { answer: 'done' });
      await undo(db, step, reversing(step));
      assert.equal(await counted(step), 101);
    });

    it('waits for the step that is under way, and reverses it', async () => {
      const step = key();
      const begun = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const happening = once(db, step, async (work) => {
        await count(work, step);
        begun.resolve();
        await goOn.promise;
      });
      await begun.promise;
      const undoing = undo(db, step, reversing(step));
      goOn.resolve();
      await Promise.all([happening, undoing]);
      assert.equal(await counted(step), 101);
    });

    it('racing its step leaves it reversed or never done', async () => {
      const steps = Array.from({ length: 15 }, key);
      await Promise.all(
        steps.flatMap((step) => [
          patiently(() => once(db, step, counting(step))).catch((error: unknown) =>
            assert.equal((error as Refusal).code, 'Undone'),
          ),
          patiently(() => undo(db, step, reversing(step))),
        ]),
      );
      for (const step of steps) assert.ok([0, 101].includes(await counted(step)));
    });
  });

  describe('recall', () => {
    it('tells what became of a step without doing it', async () => {
      const [never, done, silent, refused, undone] = [key(), key(), key(), key(), key()];
      await once(db, done, async () => ({ id: 'x' }));
      await once(db, silent, async () => undefined);
      await once(db, refused, no).catch(() => undefined);
      await undo(db, undone, reversing(undone));
      assert.equal(await recall(db, never), undefined);
      assert.deepEqual(await recall(db, done), { answer: { id: 'x' } });
      assert.deepEqual(await recall(db, silent), { answer: undefined });
      await assert.rejects(recall(db, refused), { code: 'No', message: 'not today' });
      await assert.rejects(recall(db, undone), { code: 'Undone' });
    });
  });
});
