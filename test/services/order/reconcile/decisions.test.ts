import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { refusedAs } from '../test-order-service.ts';
import { STAGES } from './accounts.ts';
import { booksStage, withoutShipment } from './books-stage.ts';
import { renamed } from './ledgers.ts';

describe('decisions about discrepancies of the books', () => {
  const stage = booksStage();
  const { open, reconcile, decide } = stage;

  it('that a person has accepted do not come back with the same text, and do with another', async () => {
    stage.balances = ['stock-balance: tea: on hand 12, the ledger says 5'];
    await reconcile();
    const accepted = await decide((await open())[0]!, 'skip', 'counted by hand');
    assert.partialDeepStrictEqual(accepted, {
      state: 'resolved',
      action: 'skip',
      note: 'counted by hand',
      resolvedBy: 'admin',
    });
    assert.partialDeepStrictEqual(await reconcile(), { findings: 1, opened: 0, accepted: 1 });
    assert.deepEqual(await open(), []);
    stage.balances = ['stock-balance: tea: on hand 13, the ledger says 5'];
    assert.partialDeepStrictEqual(await reconcile(), { opened: 1, accepted: 0 });
    stage.balances = ['stock-balance: tea: on hand 12, the ledger says 5'];
    assert.partialDeepStrictEqual(await reconcile(), { opened: 0, accepted: 1, closed: 1 });
  });

  it('are compared again at once on a retry: they close if they are gone, and stay with the new text if not', async () => {
    const orderId = await stage.confirmed();
    stage.accounts = [withoutShipment(orderId)];
    stage.balances = ['stock-balance: tea: on hand 12, the ledger says 5'];
    await reconcile();
    const all = await open();
    const about = (rule: string) => all.find(({ finding }) => finding!.rule === rule)!;

    stage.balances = ['stock-balance: tea: on hand 14, the ledger says 5'];
    const balance = await decide(about('stock-balance'), 'retry');
    assert.deepEqual([balance.state, balance.finding!.found], ['open', 'on hand 14, the ledger says 5']);
    const shipment = await decide(about('shipment'), 'retry');
    assert.deepEqual([shipment.state, shipment.finding!.found], ['open', 'none']);

    stage.balances = [];
    stage.accounts = [renamed(STAGES.confirmed(), orderId)];
    for (const rule of ['stock-balance', 'shipment', 'carrier-ledger']) {
      const decided = await decide(about(rule), 'retry', 'put right');
      assert.partialDeepStrictEqual(decided, {
        state: 'resolved',
        action: 'retry',
        note: 'put right',
        resolvedBy: 'admin',
      });
    }
    assert.deepEqual(await open(), []);
    await assert.rejects(decide(about('shipment'), 'retry'), refusedAs('InterventionClosed'));
    await assert.rejects(decide(about('shipment'), 'skip'), refusedAs('InterventionClosed'));
  });

  it('are not decided by what cannot be done, nor where a workflow decides', async () => {
    const orderId = await stage.confirmed();
    const { carrier: _carrier, ...rest } = STAGES.confirmed();
    stage.accounts = [renamed({ ...rest, carrier: [] }, orderId)];
    await reconcile();
    const [finding] = await open();
    await assert.rejects(decide(finding!, 'refund_manually'), refusedAs('ActionNotAllowed'));
    stage.instead = { carrier: undefined };
    await assert.rejects(decide(finding!, 'retry'), refusedAs('ActionNotAllowed'));
    const step = await stage.requests.getIntervention({
      interventionId: await stage.opened(orderId, 'capturePayment'),
    });
    assert.equal(step.finding, null);
    await assert.rejects(decide(step, 'skip'), refusedAs('ActionNotAllowed'));
    await assert.rejects(decide({ ...step, id: randomUUID() }, 'skip'), refusedAs('InterventionNotFound'));
  });
});
