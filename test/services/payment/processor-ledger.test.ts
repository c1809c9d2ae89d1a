import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Running } from '../../../platform/process.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { startProcessor } from '../../../sandbox/processor.ts';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import { createSandboxProcessor } from '../../../services/payment/processor/sandbox.ts';
import { createStripeProcessor } from '../../../services/payment/processor/stripe.ts';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { scratchFolder } from '../../stage/test-run.ts';
import { paymentBench, paymentRequest } from '../../stage/test-payment-service.ts';

describe('the card processor’s own ledger', () => {
  const bench = paymentBench();
  let sandbox: Running & { url: string };
  before(async () => {
    const folder = path.join(scratchFolder(), `processor-${randomUUID()}`);
    sandbox = await startProcessor({ port: 0, folder, logger: createLogger('processor', 'error') });
  });
  after(() => sandbox.close());

  const entriesOf = (items: unknown[]) =>
    items.map((item) => {
      const { orderId, type } = item as { orderId: string; type: string };
      return `${orderId} ${type}`;
    });

  it('is read page by page, or of one order, where the sandbox has it', async () => {
    const processor = createSandboxProcessor(sandbox.url);
    const requests = createPaymentRequests({ db: bench.database.db, processor });
    const activities = createPaymentActivities({ db: bench.database.db, processor });
    const orders = [paymentRequest(), paymentRequest(), paymentRequest()];
    for (const request of orders) await activities.authorizePayment(request);
    await activities.capturePayment({ orderId: orders[1]!.orderId });
    const expected = [...orders.map(({ orderId }) => `${orderId} authorization`), `${orders[1]!.orderId} capture`];

    const read: string[] = [];
    let after: string | undefined;
    do {
      const { page } = await requests.readProcessorLedger({ limit: 2, ...(after !== undefined && { after }) });
      read.push(...entriesOf(page!.items));
      after = page!.next ?? undefined;
    } while (after !== undefined);
    assert.deepEqual(read, expected);
    const { page } = await requests.readProcessorLedger({ limit: 2, orderId: orders[1]!.orderId });
    assert.deepEqual(
      [entriesOf(page!.items), page!.next],
      [expected.filter((line) => line.startsWith(orders[1]!.orderId)), null],
    );
  });

  it('is a fault where the sandbox does not respond', async () => {
    const processor = createSandboxProcessor('http://127.0.0.1:2');
    const { readProcessorLedger } = createPaymentRequests({ db: bench.database.db, processor });
    await assert.rejects(readProcessorLedger({ limit: 1 }), /the card processor did not respond/);
  });

  it('is none with Stripe, which is said', async () => {
    const processor = createStripeProcessor({ apiKey: 'sk_test_none' });
    const { readProcessorLedger } = createPaymentRequests({ db: bench.database.db, processor });
    assert.deepEqual(await readProcessorLedger({ limit: 1 }), { page: null });
  });
});
