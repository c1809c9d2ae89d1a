import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { InterventionStep } from '../../../activities/order-intervention.ts';
import type { HistoryItem } from '../../../activities/order-status.ts';
import { requiredStepId } from '../../../workflows/required-step/messages.ts';
import { ASKED_STEPS } from '../../../services/order/intervention-actions.ts';
import { draft, orderStage, pounds } from './test-order-service.ts';

describe('order service: what an intervention says', () => {
  const stage = orderStage();
  const get = (interventionId: string) => stage.requests.getIntervention({ interventionId });
  let sequence = 1_000;

  type Entry = Pick<HistoryItem, 'step' | 'outcome' | 'attempt' | 'detail'> & { at?: string };
  /** Stores entries in a workflow's history, by default in the order's own. */
  async function tell(
    { orderId, workflowId = `order-${orderId}` }: { orderId: string; workflowId?: string },
    ...entries: Entry[]
  ): Promise<void> {
    await stage.activities.noteSteps({
      orderId,
      workflowId,
      entries: entries.map((entry) => ({ at: new Date().toISOString(), ...entry, sequence: ++sequence })),
    });
  }

  it('is what it blocks: the order by its number, its customer and its total', async () => {
    const customerId = randomUUID();
    const orderId = await stage.confirmed({ customerId });
    const { number } = await stage.requests.getOrder({ orderId });
    const { blocks } = await get(await stage.opened(orderId, 'capturePayment'));
    assert.deepEqual(blocks, { orderNumber: number, customerId, returnId: null, amount: draft().total });
  });

  it('is, for a return, the return and its refund', async () => {
    const orderId = await stage.delivered();
    const other = await stage.sendBack(orderId);
    const stored = await stage.sendBack(orderId);
    for (const one of [other, stored]) await stage.receive(one);
    const { blocks } = await get(await stage.opened(orderId, 'refundPayment', `return-${stored.id}`));
    assert.deepEqual([blocks?.returnId, blocks?.amount], [stored.id, pounds(1000)]);
  });

  it('is the same where a workflow of its own asks, and what was tried in both', async () => {
    const orderId = await stage.delivered();
    const sentBack = await stage.sendBack(orderId);
    await stage.receive(sentBack);
    const waiting = `return-${sentBack.id}`;
    const asking = requiredStepId(waiting, randomUUID());
    for (const workflowId of [waiting, asking]) {
      await tell({ orderId, workflowId }, { step: 'refundPayment', outcome: 'failed', attempt: 2 });
    }
    await tell(
      { orderId, workflowId: requiredStepId(waiting, randomUUID()) },
      { step: 'refundPayment', outcome: 'failed' },
    );
    const { blocks, attempts, tried } = await get(await stage.opened(orderId, 'refundPayment', asking));
    assert.equal(blocks?.returnId, sentBack.id);
    assert.deepEqual([attempts, tried.length], [4, 2]);
  });

  it('is what was tried: the entries of its step in its workflow, and how often it failed', async () => {
    const orderId = await stage.confirmed();
    await tell(
      { orderId },
      { step: 'authorizePayment', outcome: 'started' },
      { step: 'authorizePayment', outcome: 'succeeded', attempt: 2 },
      { step: 'bookShipment', outcome: 'compensated', attempt: 1 },
      { step: 'authorizePayment', outcome: 'compensation_failed', attempt: 3, detail: 'VoidRefused: no' },
    );
    await tell(
      { orderId, workflowId: `late-payment-${orderId}` },
      { step: 'authorizePayment', outcome: 'failed', attempt: 7 },
    );
    const { attempts, tried } = await get(await stage.opened(orderId, 'authorizePayment'));
    assert.equal(attempts, 3);
    assert.deepEqual(
      tried.map(({ at, ...entry }) => [entry, Date.parse(at) <= Date.now()]),
      [
        [{ step: 'authorizePayment', outcome: 'started' }, true],
        [{ step: 'authorizePayment', outcome: 'succeeded', attempt: 2 }, true],
        [{ step: 'authorizePayment', outcome: 'compensation_failed', attempt: 3, detail: 'VoidRefused: no' }, true],
      ],
    );
  });

  it('counts every failure, and shows the last 20 entries', async () => {
    const orderId = await stage.confirmed();
    const failures = Array.from({ length: 30 }, (_, index) => ({
      step: 'capturePayment' as const,
      outcome: 'failed' as const,
      attempt: 2,
      detail: `CaptureRefused: ${index}`,
    }));
    await tell({ orderId }, ...failures);
    const { attempts, tried } = await get(await stage.opened(orderId, 'capturePayment'));
    assert.equal(attempts, 60);
    assert.deepEqual(
      tried.map(({ detail }) => detail),
      failures.slice(10).map(({ detail }) => detail),
    );
  });

  it('does not include, once it is resolved, what was tried later', async () => {
    const orderId = await stage.confirmed();
    await tell({ orderId }, { step: 'capturePayment', outcome: 'failed', attempt: 1 });
    const first = await stage.opened(orderId, 'capturePayment');
    await stage.closed(orderId, first, 'retry');
    const at = new Date(Date.now() + 60_000).toISOString();
    await tell({ orderId }, { step: 'capturePayment', outcome: 'failed', attempt: 1, at });
    const second = await stage.opened(orderId, 'capturePayment');
    assert.equal((await get(first)).attempts, 1);
    assert.equal((await get(second)).attempts, 2);
  });

  it('is what may be decided, with what it does, for every step; nothing once it is resolved', async () => {
    const orderId = await stage.delivered();
    const sentences = new Set<string>();
    const other: Partial<Record<InterventionStep, string[]>> = {
      refundPayment: ['retry', 'skip', 'refund_manually'],
      recapturePayment: ['retry', 'skip', 'collect_manually'],
      dispute: ['skip'],
      forgoCapture: ['retry'],
      recordManualCapture: ['retry'],
      unbookShipment: ['retry'],
      rebookShipment: ['retry'],
      forgoRefund: ['retry'],
      parcelTrouble: ['skip'],
      recordManualRefund: ['retry'],
    };
    let decisions = 0;
    // What may be decided about a discrepancy: reconcile/interventions.test.ts.
    for (const step of [...ASKED_STEPS.filter((asked) => asked !== 'reconcile'), 'complete' as const]) {
      const interventionId = await stage.opened(orderId, step, `workflow-${step}`);
      const { allowedActions } = await get(interventionId);
      assert.deepEqual(
        allowedActions.map(({ action }) => action),
        other[step] ?? ['retry', 'skip'],
      );
      decisions += allowedActions.length;
      for (const { effect } of allowedActions) {
        assert.match(effect, /^[A-Z].*\.$/);
        sentences.add(effect);
      }
      await stage.closed(orderId, interventionId, 'retry');
      assert.deepEqual((await get(interventionId)).allowedActions, []);
    }
    assert.equal(sentences.size, decisions);
  });

  it('offers no manual refund of money that was never captured', async () => {
    const orderId = await stage.delivered();
    const opened = await stage.opened(orderId, 'refundPayment', `refund-${randomUUID()}`);
    const reason = 'NotCaptured: the order has no captured payment to refund';
    await stage.database.db.updateTable('interventions').set({ reason }).where('id', '=', opened).execute();
    const { allowedActions } = await get(opened);
    assert.deepEqual(
      allowedActions.map(({ action }) => action),
      ['retry', 'skip'],
    );
  });

  describe('in a list', () => {
    const idsOf = async (filter: Partial<Parameters<typeof stage.requests.listInterventions>[0]>) => {
      const ids: string[] = [];
      let after: string | undefined;
      do {
        const page = await stage.requests.listInterventions({ limit: 2, ...filter, ...(after && { after }) });
        ids.push(...page.items.map(({ id }) => id));
        after = page.next ?? undefined;
      } while (after);
      return ids;
    };

    it('can be of one step, of one state, and since a time, newest first', async () => {
      const orderId = await stage.delivered();
      const opened: string[] = [];
      for (const [step, hours] of [
        ['commitStock', 5],
        ['commitStock', 3],
        ['bookShipment', 2],
        ['commitStock', 1],
      ] as const) {
        const id = await stage.opened(orderId, step, `workflow-${hours}`);
        await sql`
          update interventions set opened_at = date_trunc('milliseconds', now() - make_interval(hours => ${hours}))
           where id = ${id}`.execute(stage.database.db);
        opened.push(id);
      }
      const [oldest, older, booked, newest] = opened as [string, string, string, string];
      await stage.closed(orderId, older, 'retry');
      const since = new Date(Date.now() - 4 * 3_600_000).toISOString();
      const among = (ids: string[]) => ids.filter((id) => opened.includes(id));
      assert.deepEqual(among(await idsOf({})), [newest, booked, older, oldest]);
      assert.deepEqual(among(await idsOf({ step: 'commitStock' })), [newest, older, oldest]);
      assert.deepEqual(among(await idsOf({ step: 'commitStock', since })), [newest, older]);
      assert.deepEqual(among(await idsOf({ step: 'commitStock', state: 'open' })), [newest, oldest]);
      assert.deepEqual(among(await idsOf({ step: 'bookShipment', state: 'resolved' })), []);
    });

    it('says the same as alone', async () => {
      const orderId = await stage.confirmed();
      await tell({ orderId }, { step: 'capturePayment', outcome: 'failed', attempt: 4, detail: 'CaptureRefused: no' });
      const id = await stage.opened(orderId, 'capturePayment');
      const { items } = await stage.requests.listInterventions({ limit: 1 });
      assert.deepEqual(items, [await get(id)]);
    });
  });
});
