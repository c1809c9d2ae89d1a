import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import { decisionsAbout } from '../../../activities/intervention-decisions.ts';
import { InterventionAction } from '../../../activities/order-bookkeeping.ts';
import { RejectionCode } from '../../../activities/order-status.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { allowedDecisions } from '../../../services/order/intervention-actions.ts';
import type { concurrently } from '../../stage/concurrently.ts';
import { assertNothingLeft, isRefused, openIntervention, resolve } from '../../stage/order-actions.ts';
import type { Faults, TestOrder, TestWorkers } from '../../stage/test-workers.ts';
import { begin, booksOf } from './play.ts';
import type { Story } from './stories.ts';
import { type ActivityName, type Row, refusalsOf } from './table.ts';

interface Cell {
  test: ReturnType<typeof concurrently>;
  workers: () => TestWorkers;
  story: Story;
  undisturbed: () => Promise<{
    called: ReadonlyMap<string, readonly { request: unknown; effects: string[] }[]>;
    effects: readonly string[];
    books: ReturnType<typeof booksOf>;
  }>;
}

// What happens in the place of a step that a person has decided about.
const INSTEAD: Readonly<Record<string, readonly string[]>> = {
  'refundPayment skip': ['forgo refund'],
  'refundPayment refund_manually': ['manual refund'],
  'recapturePayment skip': ['forgo capture'],
  'recapturePayment collect_manually': ['manual capture'],
};

/**
 * One test of a refusal of the activity's contract, and where a person is asked, one for each decision. An activity that refuses
 * nothing has none; of several refusals the first counts, because what follows does not depend on the code.
 */
export function describeRefusals([name, row]: [ActivityName, Row], cell: Cell): void {
  const { test } = cell;
  const [code] = refusalsOf(name, row);
  if (code === undefined) return;
  if (row.kind === 'compensable') {
    test('refused: what was done before is compensated, and the order rejected', () => rejects(name, code, cell));
  } else if (row.kind === 'change') {
    test('refused: the change is given up, and all is as before', () => givesUp([name, row], code, cell));
  } else if (row.kind === 'bookkeeping') {
    test('refused: the workflow fails, and does nothing more', () => fails(name, code, cell));
  } else {
    for (const decision of decisionsAbout(row.asks, `${code}:`)) {
      const decided = `a person decides exactly what is shown, here ${decision}`;
      test(`refused: ${decided}`, () => asks([name, row], { code, decision }, cell));
    }
  }
}

/** Refuses these calls of the activity until it may no longer. `come` resolves at the first. */
function refusing(name: ActivityName, code: string, of: Row['of'] = () => true) {
  const come = Promise.withResolvers<TestOrder['world']['effects']>();
  const refusal = { may: true };
  const faults: Faults = {
    [name]: async ({ request, world, next }: Parameters<NonNullable<Faults[ActivityName]>>[0]) => {
      if (!refusal.may || !of(request as never)) return next();
      come.resolve([...world.effects]);
      throw new Refusal(code, 'not now');
    },
  };
  return { faults, come: come.promise, end: () => void (refusal.may = false) };
}

async function rejects(name: ActivityName, code: string, { workers, story, undisturbed }: Cell): Promise<void> {
  const { faults } = refusing(name, code);
  const { play, done } = await begin(workers(), story, faults);
  const { handle, world } = play.order;
  assert.equal((await handle.result()).status, 'rejected');
  await done.catch(() => undefined);
  const expected = await undisturbed();
  const before = expected.effects.indexOf(expected.called.get(name)![0]!.effects[0]!);
  assert.deepEqual(world.effects.slice(0, before), expected.effects.slice(0, before));
  const undone = ['put back', 'release', 'void', 'cancel'].slice(0, before).toReversed();
  assert.deepEqual(world.effects.slice(before), undone);
  assert.equal(world.rejection?.code, RejectionCode.safeParse(code).data ?? 'ServiceUnavailable');
  assertNothingLeft(play.order);
}

async function givesUp([name, row]: [ActivityName, Row], code: string, { workers, story }: Cell): Promise<void> {
  const { faults } = refusing(name, code, row.of);
  const before: ReturnType<typeof booksOf>[] = [];
  const acts = story.acts.map((act): Story['acts'][number] => (play) => {
    before.push(booksOf(play.order.world));
    return act(play);
  });
  const { play, done } = await begin(workers(), { ...story, acts }, faults);
  await assert.rejects(done, isRefused(code));
  assert.deepEqual(booksOf(play.order.world), before.at(-1));
}

async function fails(name: ActivityName, code: string, { workers, story }: Cell): Promise<void> {
  const { faults, come } = refusing(name, code);
  const { play, done } = await begin(workers(), story, faults);
  await assert.rejects(done, WorkflowFailedError);
  assert.deepEqual(play.order.world.effects, await come);
}

async function asks(
  [name, row]: [ActivityName, Row],
  { code, decision }: { code: string; decision: InterventionAction },
  { workers, story, undisturbed }: Cell,
): Promise<void> {
  assert.ok(row.kind === 'required');
  const { faults, come, end } = refusing(name, code, row.of);
  const { play, done } = await begin(workers(), story, faults);
  const { world } = play.order;
  await come;
  const id = await openIntervention(play.order, row.asks);
  const { workflowId, reason } = world.interventions.get(id)!;
  const asking = workers().client.workflow.getHandle(workflowId);
  const shown = allowedDecisions({ step: row.asks, state: 'open', reason }).map(({ action }) => action);
  for (const other of InterventionAction.options.filter((action) => !shown.includes(action))) {
    await assert.rejects(resolve(asking, id, other), isRefused('ActionNotAllowed'));
  }
  assert.ok(shown.includes(decision));
  // Also where it is skipped: later calls are other steps.
  const skipped = decision !== 'retry';
  end();
  await resolve(asking, id, decision);
  await done;

  const expected = await undisturbed();
  const effects = [...expected.effects, ...(INSTEAD[`${name} ${decision}`] ?? [])];
  const first = expected.called.get(name)!.find(({ request }) => row.of?.(request as never) ?? true)!;
  if (skipped) for (const effect of first.effects) effects.splice(effects.indexOf(effect), 1);
  assert.deepEqual(world.effects.toSorted(), effects.toSorted());
  if (skipped) assert.equal(world.status, expected.books.status);
  else assert.deepEqual(booksOf(world), expected.books);
  assert.ok([...world.interventions.values()].every(({ open }) => !open));
}
