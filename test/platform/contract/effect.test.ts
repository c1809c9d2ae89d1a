import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, type RawBuilder, type Transaction, sql } from 'kysely';
import { connect } from '../../../platform/database/connection.ts';
import { type EffectKey, claimKey, once, recall, undo } from '../../../platform/contract/effect.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { patiently } from '../../stage/retry-pool-timeout.ts';

// Every service's database has the effects table. This one also has a table whose rows show that an effect happened.
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
  /** Counts in the database how often this key's effect was committed. */
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
  const refusing = () => Promise.reject(new Refusal('No', 'not today'));

  describe('once', () => {
    it('performs the effect once and returns the first response, however often it is called', async () => {
      const step = key();
      const attempts = Array.from({ length: 20 }, (_, index) =>
        patiently(() =>
          once(db, step, async (work) => {
            await count(work, step);
            return { call: index };
          }),
        ),
      );
      const calls = new Set((await Promise.all(attempts)).map(({ call }) => call));
      assert.equal(calls.size, 1);
      assert.equal(await counted(step), 1);
      const later = await once(db, step, async () => ({ call: -1 }));
      assert.ok(calls.has(later.call));
    });

    it('returns every kind of response unchanged', async () => {
      for (const response of [undefined, 0, false, '', 'text', [1, 2], { deep: { list: [null] } }]) {
        const step = key();
        assert.deepEqual(await once(db, step, async () => response), response);
        assert.deepEqual(await once(db, step, async () => 'another' as never), response);
      }
    });

    it('performs different steps of one subject, and one step of different subjects, separately', async () => {
      const step = key();
      for (const other of [step, { ...step, step: 'another' }, key()]) {
        await once(db, other, counting(step));
      }
      assert.equal(await counted(step), 3);
    });

    it('rolls back a refused effect, and repeats the refusal with the same message', async () => {
      const step = key();
      const refuse = async (work: Work) => {
        await count(work, step);
        return refusing();
      };
      await assert.rejects(once(db, step, refuse), { code: 'No', message: 'not today' });
      await assert.rejects(once(db, step, counting(step)), { name: 'Refusal', code: 'No', message: 'not today' });
      assert.equal(await counted(step), 0);
    });

    it('stores nothing after a fault, so that it can be retried', async () => {
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

    it('rolls back the effect if the connection is lost before its response is stored', async () => {
      const step = key();
      const owner = connect<Database>(database.ownerUrl, 1);
      try {
        const dying = once(db, step, async (work) => {
          await count(work, step);
          const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(work);
          await sql`select pg_terminate_backend(${rows[0]!.pid}, 5000)`.execute(owner);
          return 'never stored';
        });
        await assert.rejects(dying, /connection error|terminat/i);
      } finally {
        await owner.destroy();
      }
      assert.equal(await counted(step), 0);
      assert.equal(await once(db, step, async (work) => (await count(work, step), 'stored')), 'stored');
      assert.equal(await counted(step), 1);
    });
  });

  describe('claimKey', () => {
    /** One statement that counts if it gets the key. */
    const countIn = async (of: EffectKey, condition?: RawBuilder<unknown>, call = 0) => {
      const { rows } = await sql`
        with claim as (${claimKey(of, { answer: { call } }, condition)})
        insert into stock (sku, on_hand, reserved) select subject, 1, 0 from claim
        on conflict (sku) do update set on_hand = stock.on_hand + 1
        returning sku`.execute(db);
      return rows.length;
    };

    it('lets one of many concurrent statements have its effect, with its response', async () => {
      const step = key();
      const counts = await Promise.all(
        Array.from({ length: 20 }, (_, call) => patiently(() => countIn(step, undefined, call))),
      );
      assert.equal(await counted(step), 1);
      assert.deepEqual(await recall(db, step), { answer: { call: counts.indexOf(1) } });
    });

    it('leaves the key free while its condition does not hold', async () => {
      const step = key();
      assert.equal(await countIn(step, sql`false`), 0);
      assert.equal(await recall(db, step), undefined);
      assert.equal(await countIn(step), 1);
    });

    it('stores a refusal, which is final', async () => {
      const step = key();
      const refuse = () => claimKey(step, { refusal: new Refusal('No', 'not today') }).execute(db);
      assert.equal((await refuse()).rows.length, 1);
      assert.equal((await refuse()).rows.length, 0);
      assert.equal(await countIn(step), 0);
      await assert.rejects(recall(db, step), { code: 'No', message: 'not today' });
    });

    it('waits for a running step, and has no effect after it', async () => {
      const step = key();
      const begun = Promise.withResolvers<void>();
      const proceed = Promise.withResolvers<void>();
      const running = once(db, step, async (work) => {
        await count(work, step);
        begun.resolve();
        await proceed.promise;
      });
      await begun.promise;
      const late = countIn(step);
      proceed.resolve();
      await running;
      assert.equal(await late, 0);
      assert.equal(await counted(step), 1);
    });

    it('has no effect after undo', async () => {
      const step = key();
      await undo(db, step, reversing(step));
      assert.equal(await countIn(step), 0);
      await assert.rejects(recall(db, step), { code: 'Undone' });
    });
  });

  describe('undo', () => {
    it('reverses the effect, once', async () => {
      const step = key();
      await once(db, step, counting(step));
      await Promise.all([1, 2, 3].map(() => undo(db, step, reversing(step))));
      await undo(db, step, reversing(step));
      assert.equal(await counted(step), 101);
      await assert.rejects(once(db, step, counting(step)), { code: 'Undone' });
    });

    it('reverses nothing if the step never happened, and stops it from happening late', async () => {
      const step = key();
      await undo(db, step, reversing(step));
      await assert.rejects(once(db, step, counting(step)), { code: 'Undone' });
      assert.equal(await counted(step), 0);
    });

    it('reverses nothing if the step was refused', async () => {
      const step = key();
      await assert.rejects(once(db, step, refusing), { code: 'No' });
      await undo(db, step, reversing(step));
      assert.equal(await counted(step), 0);
      await assert.rejects(once(db, step, counting(step)), { code: 'Undone' });
    });

    it('leaves the step done if it fails or is refused, and can be retried', async () => {
      const step = key();
      await once(db, step, async (work) => (await count(work, step), 'done'));
      await assert.rejects(
        undo(db, step, async (work) => (await reversing(step)(work), refusing())),
        { code: 'No' },
      );
      assert.equal(await counted(step), 1);
      assert.deepEqual(await recall(db, step), { answer: 'done' });
      await undo(db, step, reversing(step));
      assert.equal(await counted(step), 101);
    });

    it('waits for a running step, and reverses it', async () => {
      const step = key();
      const begun = Promise.withResolvers<void>();
      const proceed = Promise.withResolvers<void>();
      const running = once(db, step, async (work) => {
        await count(work, step);
        begun.resolve();
        await proceed.promise;
      });
      await begun.promise;
      const undoing = undo(db, step, reversing(step));
      proceed.resolve();
      await Promise.all([running, undoing]);
      assert.equal(await counted(step), 101);
    });

    it('leaves a concurrent step either reversed or never done', async () => {
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
    it('returns the outcome of a step without performing it', async () => {
      const [never, done, withoutResponse, refused, undone] = [key(), key(), key(), key(), key()];
      await once(db, done, async () => ({ id: 'x' }));
      await once(db, withoutResponse, async () => undefined);
      await once(db, refused, refusing).catch(() => undefined);
      await undo(db, undone, reversing(undone));
      assert.equal(await recall(db, never), undefined);
      assert.deepEqual(await recall(db, done), { answer: { id: 'x' } });
      assert.deepEqual(await recall(db, withoutResponse), { answer: undefined });
      await assert.rejects(recall(db, refused), { code: 'No', message: 'not today' });
      await assert.rejects(recall(db, undone), { code: 'Undone' });
    });
  });
});
