import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Running } from '../../../platform/process.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { startProcessor } from '../../../sandbox/processor.ts';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import type { CardProcessor } from '../../../services/payment/processor.ts';
import { createSandboxProcessor } from '../../../services/payment/processor/sandbox.ts';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { scratchFolder } from '../../stage/test-run.ts';
import { FIRST_USE, paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

describe('several holds and captures through the sandbox processor', () => {
  const bench = paymentBench();
  let sandbox: Running & { url: string };
  let processor: CardProcessor;
  before(async () => {
    const folder = path.join(scratchFolder(), `processor-${randomUUID()}`);
    sandbox = await startProcessor({ port: 0, folder, logger: createLogger('processor', 'error') });
    processor = createSandboxProcessor(sandbox.url);
  });
  after(() => sandbox.close());

  const service = () => createPaymentActivities({ db: bench.database.db, processor });
  const ledger = async (orderId: string) => {
    const response = await fetch(`${sandbox.url}/ledger?orderId=${orderId}`);
    const { items } = (await response.json()) as { items: { type: string; amountMinor: number }[] };
    return items.map(({ type, amountMinor }) => `${type} ${amountMinor}`);
  };
  /** The processor's sums and ours, by kind. */
  const sums = async (orderId: string) => {
    const entries = (await ledger(orderId)).map((entry) => entry.split(' ') as [string, string]);
    const sum = (type: string) =>
      entries.filter(([kind]) => kind === type).reduce((total, [, amount]) => total + Number(amount), 0);
    const { items } = await createPaymentRequests({ db: bench.database.db, processor }).listBooks({ limit: 1000 });
    const book = items.find((item) => item.orderId === orderId)!;
    const { authorizedMinor, voidedMinor, capturedMinor, refundedMinor } = book;
    return {
      theirs: ['authorization', 'void', 'capture', 'refund'].map(sum),
      ours: [authorizedMinor, voidedMinor, capturedMinor, refundedMinor],
    };
  };
  const authorized = async (paymentMethod: string) => {
    const request = paymentRequest({ amount: pounds(1000), paymentMethod });
    for (let attempt = 1; ; attempt++) {
      try {
        await service().authorizePayment(request);
        return request.orderId;
      } catch (error) {
        if ((error as Error).name === 'Refusal' || attempt === 4) throw error;
      }
    }
  };
  const parts = (orderId: string) => [
    { orderId, amount: pounds(400), outstanding: pounds(900) },
    { orderId, parcelId: randomUUID(), amount: pounds(500), outstanding: pounds(500) },
  ];

  for (const paymentMethod of ['pm_card_visa', 'pm_sandbox_captureTimeout', 'pm_sandbox_flaky']) {
    it(`captures in parts with ${paymentMethod}, each once, and releases the rest`, async () => {
      const orderId = await authorized(paymentMethod);
      for (const request of parts(orderId)) {
        for (let repeat = 0; repeat < 4; repeat++) {
          await service()
            .capturePayment(request)
            .catch((error: Error) => assert.notEqual(error.name, 'Refusal'));
        }
      }
      assert.deepEqual(await ledger(orderId), ['authorization 1000', 'capture 400', 'capture 500', 'void 100']);
      const { ours, theirs } = await sums(orderId);
      assert.deepEqual(ours, theirs);
    });
  }

  it('captures a renewed hold after pm_sandbox_holdExpires, and refunds both parts', async () => {
    const orderId = await authorized('pm_sandbox_holdExpires');
    const [first, last] = parts(orderId);
    await assert.rejects(service().capturePayment(first!), { name: 'Refusal', code: 'HoldExpired' });
    const renewal = { orderId, amount: pounds(900), paymentMethod: 'pm_sandbox_holdExpires' };
    await service().renewHold({ ...renewal, holdId: randomUUID() });
    await service().capturePayment(first!);
    await service().renewHold({ ...renewal, holdId: randomUUID(), amount: pounds(500), paymentMethod: 'pm_card_visa' });
    await service().releaseReplacedHolds({ orderId });
    await service().capturePayment(last!);
    await service().refundPayment({ orderId, refundId: randomUUID(), amount: pounds(900) });
    assert.deepEqual(await ledger(orderId), [
      'authorization 1000',
      'void 1000',
      'authorization 900',
      'capture 400',
      'authorization 500',
      'void 500',
      'capture 500',
      'refund 400',
      'refund 500',
    ]);
    const { ours, theirs } = await sums(orderId);
    assert.deepEqual(ours, theirs);
  });

  it('voids every hold, and leaves tombstones at the processor itself', async () => {
    const orderId = await authorized('pm_card_visa');
    const holdId = randomUUID();
    const terms = { amount: pounds(1000), paymentMethod: 'pm_card_visa' };
    await service().renewHold({ orderId, holdId, ...terms });
    await service().voidPayment({ orderId });
    const late = { key: 'late', orderId, holdId, reference: null, ...terms, ...FIRST_USE };
    await assert.rejects(processor.authorize(late), { name: 'Refusal', code: 'Undone' });
    assert.equal(await processor.isHeld({ orderId, holdId, reference: null }), false);
    const { ours, theirs } = await sums(orderId);
    assert.deepEqual([ours, theirs], [theirs, [2000, 2000, 0, 0]]);
  });

  it('releases a renewed hold that its holder confirms after the last capture', async () => {
    const orderId = await authorized('pm_card_visa');
    const renewal = { orderId, holdId: randomUUID(), amount: pounds(1000), customerMayAct: true };
    const { customerAction } = await service().renewHold({
      ...renewal,
      paymentMethod: 'pm_sandbox_authenticationLate',
    });
    assert.equal(customerAction?.type, 'redirect');
    await service().capturePayment({ orderId });
    await fetch(`${sandbox.url}/payments/${orderId}/authenticate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ outcome: 'succeeded' }),
    });
    assert.equal(await processor.isHeld({ orderId, holdId: renewal.holdId, reference: null }), true);
    await service().releaseLateHold({ orderId });
    const { ours, theirs } = await sums(orderId);
    assert.deepEqual([ours, theirs], [theirs, [2000, 1000, 1000, 0]]);
  });
});
