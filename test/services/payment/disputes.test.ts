import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ReceivedEvent } from '../../../activities/payment.ts';
import { eventually } from '../../stage/eventually.ts';
import { withSandbox, withStripe } from '../../stage/processor-events.ts';
import { renewals } from '../../stage/renewals.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

const RESPOND_BY = '2030-01-31T12:00:00.000Z';

describe('a payment that its card’s holder disputes', () => {
  const bench = paymentBench();
  const { authorized, receive } = renewals(bench);
  const captured = async () => {
    const orderId = await authorized();
    await bench.payment.capturePayment({ orderId });
    return orderId;
  };
  const newId = () => `dp_${randomUUID().replaceAll('-', '')}`;
  const event = (orderId: string, disputeId: string) => receive(`${orderId} ${orderId} ${disputeId}`);
  const disputed = (orderId: string, disputeId: string) => ({ meaning: 'disputed', orderId, disputeId });
  const entries = async (orderId: string) => {
    const { db } = bench.database;
    const query = db.selectFrom('ledger_entries').selectAll().where('order_id', '=', orderId);
    return (await query.where('effect', 'like', 'dispute%').orderBy('at').orderBy('effect').execute()).map(
      ({ effect, debit_account, credit_account, amount_minor }) =>
        `${effect.split(':')[0]} ${debit_account} ${credit_account} ${amount_minor}`,
    );
  };
  const disputedMinor = async (orderId: string) => (await bench.paymentOf(orderId)).disputed_minor;
  const TAKEN = 'dispute disputes processor_receivable 1000';
  const GIVEN_BACK = 'dispute_won processor_receivable disputes 1000';

  it('is recorded once, with the money that the processor takes back, however often the event comes', async () => {
    const [orderId, id] = [await captured(), newId()];
    assert.deepEqual(await event(orderId, id), { meaning: 'nothing' });
    bench.processor.dispute(id, {});
    const answers = await Promise.all([1, 2, 3].map(() => event(orderId, id)));
    for (const answer of [...answers, await event(orderId, id)]) assert.deepEqual(answer, disputed(orderId, id));
    assert.deepEqual(await entries(orderId), [TAKEN]);
    assert.equal(await disputedMinor(orderId), 1000);
    assert.deepEqual((await bench.events(orderId)).slice(2), ['payment.disputed']);
    assert.deepEqual(await bench.payment.readDispute({ orderId, disputeId: id }), {
      status: 'open',
      amount: pounds(1000),
      withdrawn: true,
      reason: 'fraudulent',
      respondBy: RESPOND_BY,
    });
  });

  it('is won: the money is back, once', async () => {
    const [orderId, id] = [await captured(), newId()];
    bench.processor.dispute(id, {});
    await event(orderId, id);
    bench.processor.dispute(id, { status: 'won', withdrawn: false });
    await Promise.all([1, 2, 3].map(() => event(orderId, id)));
    assert.equal((await bench.restarted().readDispute({ orderId, disputeId: id })).status, 'won');
    assert.deepEqual(await entries(orderId), [TAKEN, GIVEN_BACK]);
    assert.equal(await disputedMinor(orderId), 0);
    assert.deepEqual((await bench.events(orderId)).slice(2), ['payment.disputed', 'payment.dispute_closed']);
  });

  it('is lost: the money stays away', async () => {
    const [orderId, id] = [await captured(), newId()];
    bench.processor.dispute(id, {});
    await event(orderId, id);
    bench.processor.dispute(id, { status: 'lost' });
    for (const _again of [1, 2]) await event(orderId, id);
    assert.deepEqual(await entries(orderId), [TAKEN]);
    assert.equal(await disputedMinor(orderId), 1000);
    assert.deepEqual((await bench.events(orderId)).slice(2), ['payment.disputed', 'payment.dispute_closed']);
  });

  it('is known to be closed although the event that it was opened comes later, or never', async () => {
    const [orderId, id] = [await captured(), newId()];
    bench.processor.dispute(id, { status: 'lost' });
    for (const _any of [1, 2]) assert.deepEqual(await event(orderId, id), disputed(orderId, id));
    assert.deepEqual(await entries(orderId), [TAKEN]);
    assert.deepEqual((await bench.events(orderId)).slice(2), ['payment.disputed', 'payment.dispute_closed']);
  });

  it('is found by asking, where no event comes that it was closed', async () => {
    const [orderId, id] = [await captured(), newId()];
    bench.processor.dispute(id, {});
    await event(orderId, id);
    bench.processor.dispute(id, { status: 'won', withdrawn: false });
    assert.equal((await bench.payment.readDispute({ orderId, disputeId: id })).status, 'won');
    assert.equal(await disputedMinor(orderId), 0);
  });

  it('begins as a question, for which no money moves, and may be decided again', async () => {
    const [orderId, id] = [await captured(), newId()];
    const becomes = async (status: 'open' | 'won' | 'lost', withdrawn: boolean) => {
      bench.processor.dispute(id, { status, withdrawn });
      await event(orderId, id);
    };
    await becomes('open', false);
    assert.deepEqual(await entries(orderId), []);
    await becomes('open', true);
    await becomes('lost', true);
    await becomes('won', false);
    assert.deepEqual(await entries(orderId), [TAKEN, GIVEN_BACK]);
    assert.deepEqual((await bench.events(orderId)).slice(3), ['payment.dispute_closed', 'payment.dispute_closed']);
  });

  it('begins as a question about one amount, and becomes a dispute of another, for another reason', async () => {
    const [orderId, id] = [await captured(), newId()];
    const stands = (amountMinor: number, withdrawn: boolean, reason: string) => {
      bench.processor.dispute(id, { amount: pounds(amountMinor), withdrawn, reason });
      return event(orderId, id);
    };
    await stands(1000, false, 'general');
    await stands(700, false, 'general');
    assert.deepEqual(await entries(orderId), []);
    await stands(400, true, 'fraudulent');
    const { amount, reason } = await bench.payment.readDispute({ orderId, disputeId: id });
    assert.deepEqual([amount, reason], [pounds(400), 'fraudulent']);
    assert.deepEqual(await entries(orderId), ['dispute disputes processor_receivable 400']);
    assert.equal(await disputedMinor(orderId), 400);
  });

  it('moves the difference where its amount changes, and is given back as it was posted', async () => {
    const [orderId, id] = [await captured(), newId()];
    const stands = async (amountMinor: number, won = false) => {
      bench.processor.dispute(id, { amount: pounds(amountMinor), ...(won && { status: 'won', withdrawn: false }) });
      for (const _again of [1, 2]) await event(orderId, id);
      return disputedMinor(orderId);
    };
    assert.equal(await stands(400), 400);
    assert.equal(await stands(1000), 1000);
    assert.equal(await stands(700), 700);
    assert.equal(await stands(500, true), 0);
    assert.deepEqual(await entries(orderId), [
      'dispute disputes processor_receivable 400',
      'dispute disputes processor_receivable 600',
      'dispute_won processor_receivable disputes 300',
      'dispute_won processor_receivable disputes 700',
    ]);
  });

  it('stays as it was told last, although an older answer of the processor is recorded later', async () => {
    const [orderId, id] = [await captured(), newId()];
    bench.processor.dispute(id, {});
    await event(orderId, id);
    const findDispute = bench.processor.findDispute.bind(bench.processor);
    bench.processor.findDispute = async (asked) => {
      bench.processor.findDispute = findDispute;
      const old = await findDispute(asked);
      bench.processor.dispute(id, { status: 'won', withdrawn: false });
      await event(orderId, id);
      return old;
    };
    await event(orderId, id);
    assert.equal(await disputedMinor(orderId), 0);
    assert.deepEqual(await entries(orderId), [TAKEN, GIVEN_BACK]);
  });

  it('may come before the outcome of the capture is known', async () => {
    const [orderId, id] = [await authorized(), newId()];
    bench.processor.dieAfter('capture');
    await assert.rejects(bench.payment.capturePayment({ orderId }), /socket hang up/);
    bench.processor.dispute(id, {});
    await event(orderId, id);
    await bench.restarted().capturePayment({ orderId });
    assert.equal(await disputedMinor(orderId), 1000);
    assert.equal((await bench.paymentOf(orderId)).captured_minor, 1000);
  });

  it('cannot be read if no event has told of it', async () => {
    const orderId = await captured();
    await assert.rejects(bench.payment.readDispute({ orderId, disputeId: newId() }), /has no dispute/);
  });

  it('is told by the sandbox processor for pm_sandbox_disputed, which refuses refunds until it is won', () =>
    withSandbox(bench, async ({ payment, meanings, ledger, post }) => {
      const request = paymentRequest({ paymentMethod: 'pm_sandbox_disputed' });
      const { orderId } = request;
      const refund = { orderId, refundId: randomUUID(), amount: pounds(400) };
      await payment.authorizePayment(request);
      await payment.capturePayment({ orderId });
      await eventually(() => assert.equal(meanings.length, 1));
      const { disputeId } = meanings[0] as Extract<ReceivedEvent, { meaning: 'disputed' }>;
      assert.deepEqual(meanings, [disputed(orderId, disputeId)]);
      await assert.rejects(payment.refundPayment(refund), { name: 'Refusal', code: 'RefundRefused' });
      for (const _again of [1, 2])
        assert.equal((await post(`/payments/${orderId}/dispute`, { outcome: 'won' })).status, 200);
      assert.equal((await post(`/payments/${orderId}/dispute`, { outcome: 'lost' })).status, 409);
      await eventually(() => assert.equal(meanings.length, 3));
      assert.equal((await payment.readDispute({ orderId, disputeId })).status, 'won');
      // The sandbox may tell of the dispute before the response to the capture is recorded.
      const types = (await bench.events(orderId)).filter((type) => type !== 'payment.captured');
      assert.deepEqual(types.slice(1), ['payment.disputed', 'payment.failed', 'payment.dispute_closed']);
      await payment.refundPayment(refund);
      assert.deepEqual(await ledger(orderId), ['authorization 1250', 'capture 1250', 'refund 400']);
    }));

  it('is told by Stripe, with its amount, reason and date, which refuses refunds meanwhile', () =>
    withStripe(bench, async ({ stripe, payment, receive: receiveFromStripe }) => {
      const request = paymentRequest();
      const { orderId } = request;
      await payment.authorizePayment(request);
      await payment.capturePayment({ orderId });
      const [disputeId, object] = ['dp_1', { id: 'dp_1', object: 'dispute', payment_intent: 'pi_1', charge: 'ch_1' }];
      const send = (type: string) => receiveFromStripe(`charge.dispute.${type}`, object);
      assert.deepEqual(await send('created'), { meaning: 'nothing' });
      // One of another intent is not this one's, whatever the event says.
      stripe.dispute(disputeId, { payment_intent: 'pi_2', status: 'needs_response' });
      assert.deepEqual(await send('created'), { meaning: 'nothing' });
      const terms = { amount: 1250, currency: 'gbp', reason: 'product_not_received' };
      const evidence_details = { due_by: Date.parse(RESPOND_BY) / 1000 };
      stripe.dispute(disputeId, {
        payment_intent: 'pi_1',
        status: 'warning_needs_response',
        ...terms,
        evidence_details,
      });
      assert.deepEqual(await send('created'), disputed(orderId, disputeId));
      assert.deepEqual(await payment.readDispute({ orderId, disputeId }), {
        status: 'open',
        amount: pounds(1250),
        withdrawn: false,
        reason: 'product_not_received',
        respondBy: RESPOND_BY,
      });
      stripe.dispute(disputeId, { status: 'under_review' });
      await send('funds_withdrawn');
      assert.equal(await disputedMinor(orderId), 1250);
      const refund = { orderId, refundId: randomUUID(), amount: pounds(400) };
      await assert.rejects(payment.refundPayment(refund), { name: 'Refusal', code: 'RefundRefused' });
      stripe.dispute(disputeId, { status: 'won' });
      await send('closed');
      assert.equal(await disputedMinor(orderId), 0);
      await payment.refundPayment(refund);
    }));
});
