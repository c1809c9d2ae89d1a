import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Running } from '../../../platform/process.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { startProcessor } from '../../../sandbox/processor.ts';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import type { CardProcessor } from '../../../services/payment/processor.ts';
import { createSandboxProcessor } from '../../../services/payment/processor/sandbox.ts';
import { scratchFolder } from '../../stage/test-run.ts';
import { FIRST_USE, paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

interface Entry {
  type: string;
  amountMinor: number;
  idempotencyKey: string;
}

describe('payment through the sandbox processor', () => {
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
  /** The processor's own ledger: type, amount, and key without the order's id. */
  const ledger = async (orderId: string) => {
    const response = await fetch(`${sandbox.url}/ledger?orderId=${orderId}`);
    const { items } = (await response.json()) as { items: Entry[] };
    return items.map((entry) => `${entry.type} ${entry.amountMinor} ${entry.idempotencyKey.slice(orderId.length + 1)}`);
  };
  /** Like the durable activity: faults are retried, refusals are final. */
  const retryFaults = async <Result>(send: () => Promise<Result>): Promise<Result> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send();
      } catch (error) {
        if ((error as Error).name === 'Refusal' || attempt === 5) throw error;
      }
    }
  };

  it('authorizes, captures and refunds', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    const refundId = randomUUID();
    const { authorizationId } = await service().authorizePayment(request);
    assert.match(authorizationId!, /^authorization_/);
    await service().capturePayment({ orderId });
    await service().refundPayment({ orderId, refundId, amount: pounds(250) });
    assert.deepEqual(await ledger(orderId), [
      'authorization 1250 authorize',
      'capture 1250 capture',
      `refund 250 refund:${refundId}`,
    ]);
  });

  it('authorizes and voids', async () => {
    const request = paymentRequest();
    await service().authorizePayment(request);
    await service().voidPayment({ orderId: request.orderId });
    assert.deepEqual(await ledger(request.orderId), ['authorization 1250 authorize', 'void 1250 void']);
  });

  for (const [paymentMethod, code] of [
    ['pm_card_chargeDeclined', 'CardDeclined'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'InsufficientFunds'],
    ['pm_nobody_knows', 'CardDeclined'],
  ] as const) {
    it(`refuses ${paymentMethod} as ${code}`, async () => {
      const request = paymentRequest({ paymentMethod });
      await assert.rejects(service().authorizePayment(request), { name: 'Refusal', code });
      assert.deepEqual(await ledger(request.orderId), []);
    });
  }

  it('resolves a lost response of each step, with one effect each', async () => {
    for (const paymentMethod of [
      'pm_sandbox_authorizeTimeout',
      'pm_sandbox_captureTimeout',
      'pm_sandbox_refundTimeout',
      'pm_sandbox_flaky',
    ]) {
      const request = paymentRequest({ paymentMethod });
      const { orderId } = request;
      const refundId = randomUUID();
      await retryFaults(() => service().authorizePayment(request));
      await retryFaults(() => service().capturePayment({ orderId }));
      await retryFaults(() => service().refundPayment({ orderId, refundId, amount: pounds(1250) }));
      assert.deepEqual(await ledger(orderId), [
        'authorization 1250 authorize',
        'capture 1250 capture',
        `refund 1250 refund:${refundId}`,
      ]);
    }
  });

  it('releases the hold of an authorization whose response was lost', async () => {
    const request = paymentRequest({ paymentMethod: 'pm_sandbox_authorizeTimeout' });
    await assert.rejects(service().authorizePayment(request), /the card processor did not respond/);
    await service().voidPayment({ orderId: request.orderId });
    assert.deepEqual(await ledger(request.orderId), ['authorization 1250 authorize', 'void 1250 void']);
    assert.equal((await bench.paymentOf(request.orderId)).voided_minor, 1250);
  });

  it('leaves a tombstone at the processor itself', async () => {
    const { orderId, amount, paymentMethod } = paymentRequest();
    await service().voidPayment({ orderId });
    const terms = { amount, paymentMethod, ...FIRST_USE };
    const late = { key: `${orderId}:authorize`, orderId, holdId: orderId, reference: null, ...terms };
    await assert.rejects(processor.authorize(late), { name: 'Refusal', code: 'Undone' });
    assert.deepEqual(await ledger(orderId), []);
  });

  it('uses numbered keys to retry after refusals', async () => {
    const request = paymentRequest({ paymentMethod: 'pm_sandbox_voidFails' });
    const { orderId } = request;
    await service().authorizePayment(request);
    await assert.rejects(service().voidPayment({ orderId }), { name: 'Refusal', code: 'VoidRefused' });
    await assert.rejects(service().voidPayment({ orderId }), { name: 'Refusal', code: 'VoidRefused' });
    const hold = { orderId, holdId: orderId, reference: null };
    const again = { step: 'void', key: `${orderId}:void#2`, ...hold, rest: false } as const;
    await assert.rejects(processor.find(again), { name: 'Refusal', code: 'VoidRefused' });
    assert.equal(await processor.find({ ...again, key: `${orderId}:void#3` }), undefined);
    bench.staysHeld(orderId);
  });

  it('refuses a refund that the processor refuses', async () => {
    const request = paymentRequest({ paymentMethod: 'pm_sandbox_refundFails' });
    const { orderId } = request;
    await service().authorizePayment(request);
    await service().capturePayment({ orderId });
    const refund = () => service().refundPayment({ orderId, refundId: randomUUID(), amount: pounds(1) });
    await assert.rejects(refund(), { name: 'Refusal', code: 'RefundRefused' });
  });

  it('treats an unexpected response as a fault', async () => {
    const responses = [
      { status: 500, body: '{"code":"CardDeclined"}' },
      { status: 503, body: '' },
      { status: 422, body: '{"code":"IdempotencyKeyReused"}' },
      { status: 409, body: '{"code":"AlreadyAuthorized"}' },
      { status: 201, body: '{"unexpected":true}' },
      { status: 200, body: 'not JSON' },
    ];
    let next = 0;
    const server = createServer((_request, response) => {
      const { status, body } = responses[next++]!;
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const odd = createSandboxProcessor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const { orderId, amount, paymentMethod } = paymentRequest();
    try {
      while (next < responses.length) {
        await assert.rejects(
          odd.authorize({
            key: 'k',
            orderId,
            holdId: orderId,
            reference: null,
            amount,
            paymentMethod,
            ...FIRST_USE,
          }),
          (error: Error) => error.name !== 'Refusal',
        );
      }
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
