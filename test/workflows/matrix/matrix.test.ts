import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { WorkflowNotFoundError } from '@temporalio/client';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { held } from '../../stage/faults.ts';
import { assertNothingLeft, isRefused } from '../../stage/order-actions.ts';
import { type Fault, type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { begin, booksOf, everywhere, historyOf } from './play.ts';
import { describeRefusals } from './refusals.ts';
import { type Story, STORIES } from './stories.ts';
import { type ActivityName, CONTRACTS, ROWS, type Row } from './table.ts';

/** Each activity fails, then takes effect without an answer, and then is well. */
const troubled = (): Fault => {
  const troubles = ['out of order', 'the connection broke'];
  return async ({ next }) => {
    if (troubles.length === 2) throw new Error(troubles.shift());
    const answer = await next();
    if (troubles.length === 1) throw new Error(troubles.shift());
    return answer;
  };
};

const storyOf = ({ story }: Row): Story => STORIES[story];
const nameOf = ([name, { story }]: [ActivityName, Row]) => `${name}, in an order that is ${story}`;

describe('every activity of the workflows', function () {
  this.timeout(240_000);
  const test = concurrently(24);
  const workers = useTestWorkers();

  /** Each story is played once with each fault; every cell of its activities looks at that play. */
  const plays = new Map<string, ReturnType<typeof playedOnce>>();
  async function playedOnce(story: Story, fault: () => Fault) {
    const called = new Map<string, { request: unknown; effects: string[] }[]>();
    const noting = (name: string): Fault => {
      const inTrouble = fault();
      return async (call) => {
        const { world, request } = call;
        const before = world.effects.length;
        const noted = { request, effects: [] as string[] };
        called.set(name, [...(called.get(name) ?? []), noted]);
        return inTrouble(call).finally(() => noted.effects.push(...world.effects.slice(before)));
      };
    };
    const { play, done } = await begin(workers(), story, everywhere(noting));
    await done;
    return {
      called,
      effects: play.order.world.effects,
      books: booksOf(play.order.world),
      history: historyOf(play.order.world),
    };
  }
  const played = (row: Row, [what, fault]: readonly [what: string, fault: () => Fault]) => {
    const key = `${row.story}: ${what}`;
    const play = plays.get(key) ?? playedOnce(storyOf(row), fault);
    plays.set(key, play);
    return play;
  };
  const undisturbed = (row: Row) =>
    played(row, [
      'undisturbed',
      () =>
        ({ next }) =>
          next(),
    ]);

  it('has a row here', () => {
    const sources = globSync('workflows/**/*.ts')
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const called = [
      ...sources.matchAll(
        /\b(?:ask|forwardServices\(.*?\)|servicesUntilAnswered\(.*?\))\.\w+\.(\w+)\(|\bbookkeeping\.(\w+)\(/g,
      ),
    ];
    const rows = new Set<string>(ROWS.map(([name]) => name));
    assert.deepEqual(
      called.map(([, step, book]) => step ?? book).filter((name) => !rows.has(name!)),
      [],
    );
    assert.deepEqual([...rows].toSorted(), Object.keys(CONTRACTS).toSorted());
    // What is called in other ways has tests of its own: order/first-attempt, reconciliation/ and webhook-delivery/.
    const others = [...sources.matchAll(/proxy(?:Local)?Activities<(\w+)>/g)].map(([, contract]) => contract!);
    assert.deepEqual(
      new Set(others),
      new Set(['FirstAttemptActivities', 'ReconciliationActivities', 'WebhookActivities']),
    );
  });

  for (const cell of ROWS) {
    const [name, row] = cell;

    describe(nameOf(cell), () => {
      test('is called', async () => {
        const { called } = await undisturbed(row);
        assert.ok(called.get(name)!.length > 0);
      });

      test('faulty, and then its answer lost after the effect: is repeated, and nothing happens twice', async () => {
        const [expected, found] = [await undisturbed(row), await played(row, ['troubled', troubled])];
        assert.ok(found.called.get(name)!.length >= expected.called.get(name)!.length + 2);
        assert.deepEqual(found.effects, expected.effects);
        assert.deepEqual(found.books, expected.books);
        assert.deepEqual(found.history, expected.history);
      });

      test('canceled meanwhile: nothing is left, or the order goes on as if nobody had asked', async () => {
        const expected = await undisturbed(row);
        const gate = held((number) => number === 1);
        const { play, done } = await begin(workers(), storyOf(row), { [name]: gate.fault });
        await gate.come;
        const { order } = play;
        if (storyOf(row).by) {
          await eventually(() => assert.ok(play.other));
          await play.other!.cancel();
          gate.go();
          // A cart may be forgotten.
          await (storyOf(row).by === 'a reminder' ? done.catch(() => undefined) : done);
        } else {
          const left = hasLeft(order);
          const canceling = cancel(order);
          play.goesOn = canceling.then((accepted) => !accepted);
          await new Promise((resume) => setTimeout(resume, 50));
          gate.go();
          if (await canceling) {
            assert.equal(left, false, 'goods that have left were canceled');
            await order.handle.result();
            await done.catch(() => undefined);
            assert.ok(['canceled', 'rejected'].includes(order.world.status), order.world.status);
            assertNothingLeft(order);
            assert.deepEqual(booksOf(order.world).atCarrier, []);
            return;
          }
          await done;
        }
        assert.deepEqual(order.world.effects, expected.effects);
        assert.deepEqual(booksOf(order.world), expected.books);
      });

      describeRefusals(cell, { test, workers, story: storyOf(row), undisturbed: () => undisturbed(row) });
    });
  }
});

const hasLeft = ({ world }: TestOrder): boolean =>
  [world.parcel, ...world.otherParcels.values()].some(
    (status) => status !== 'none' && status !== 'booked' && status !== 'canceled',
  );

/** Whether the cancellation was accepted. */
const cancel = ({ handle }: TestOrder): Promise<boolean> =>
  handle.executeUpdate(cancelUpdate, { args: [{}] }).then(
    () => true,
    (error: unknown) => {
      // The order may have ended while the update waited.
      if (isRefused('TooLateToCancel')(error) || error instanceof WorkflowNotFoundError) return false;
      throw error;
    },
  );
