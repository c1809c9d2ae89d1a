import assert from 'node:assert/strict';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { faultyTwice, refuse } from '../../stage/faults.ts';
import { finish, isRefused, openIntervention, resolve } from '../../stage/order-actions.ts';
import { type Faults, type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

describe('failed capture workflow', function () {
  this.timeout(120_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  async function completed(faults: Faults = {}): Promise<TestOrder> {
    const order = await workers().place(faults);
    await finish(order);
    return order;
  }
  const effects = ({ world }: TestOrder) => world.effects.slice(world.effects.indexOf('take back 200'));

  test('takes nothing before a person has decided', async () => {
    const order = await completed();
    const failed = await workers().failCapture(order);
    const id = await openIntervention(order, 'recapturePayment');
    assert.deepEqual(effects(order), ['take back 200']);
    assert.deepEqual([order.world.status, order.world.paymentStatus], ['requires_action', 'requires_action']);
    assert.match(order.world.interventions.get(id)!.reason, /taken a capture back .*: 2\.00 GBP|£2/);
    await assert.rejects(resolve(failed, id, 'refund_manually'), isRefused('ActionNotAllowed'));
    await resolve(failed, id, 'retry');
    assert.deepEqual([await failed.result(), order.world.recaptureOutcome], ['recaptured', 'recaptured']);
    assert.deepEqual(effects(order), ['take back 200', 'recapture 200']);
    assert.equal(order.world.status, 'completed');
  });

  test('asks again where the card refuses, and places another hold each time', async () => {
    const holds: string[] = [];
    const order = await completed({
      recapturePayment: async ({ number, request, next }) => {
        holds.push((request as { holdId: string }).holdId);
        if (number === 1) throw new Refusal('CardDeclined', 'no money');
        return next();
      },
    });
    const failed = await workers().failCapture(order);
    const first = await openIntervention(order, 'recapturePayment');
    await resolve(failed, first, 'retry');
    const second = await openIntervention(order, 'recapturePayment');
    assert.notEqual(second, first);
    assert.match(order.world.interventions.get(second)!.reason, /^CardDeclined: no money/);
    await resolve(failed, second, 'retry');
    assert.deepEqual([await failed.result(), order.world.recaptureOutcome], ['recaptured', 'recaptured']);
    assert.equal(new Set(holds).size, 2);
  });

  test('enters what a person has got in another way', async () => {
    const order = await completed({ recordManualCapture: faultyTwice });
    const failed = await workers().failCapture(order);
    await resolve(failed, await openIntervention(order, 'recapturePayment'), 'collect_manually');
    assert.deepEqual(
      [await failed.result(), order.world.recaptureOutcome],
      ['collected_manually', 'collected_manually'],
    );
    assert.deepEqual(effects(order), ['take back 200', 'manual capture']);
  });

  test('writes it off where a person has decided so', async () => {
    const order = await completed();
    const failed = await workers().failCapture(order);
    await resolve(failed, await openIntervention(order, 'recapturePayment'), 'skip');
    assert.deepEqual([await failed.result(), order.world.recaptureOutcome], ['not_collected', 'not_collected']);
    assert.deepEqual(effects(order), ['take back 200', 'forgo capture']);
  });

  test('ends as captured where the processor was faster than the decision', async () => {
    const order = await completed({ forgoCapture: refuse('AlreadyCaptured') });
    const failed = await workers().failCapture(order);
    await resolve(failed, await openIntervention(order, 'recapturePayment'), 'skip');
    assert.deepEqual([await failed.result(), order.world.recaptureOutcome], ['recaptured', 'recaptured']);
  });

  test('does nothing where people had settled it before', async () => {
    const order = await completed({ takeBackCapture: async () => ({ taken: false }) });
    assert.equal(await (await workers().failCapture(order)).result(), 'settled before');
    assert.equal(order.world.interventions.size, 0);
  });
});
