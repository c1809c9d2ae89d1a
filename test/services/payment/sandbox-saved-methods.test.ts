import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { AuthorizePayment } from '../../../activities/payment.ts';
import type { Running } from '../../../platform/process.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { startProcessor } from '../../../sandbox/processor.ts';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import type { CardProcessor } from '../../../services/payment/processor.ts';
import { createSandboxProcessor } from '../../../services/payment/processor/sandbox.ts';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { FIRST_USE, paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';
import { scratchFolder } from '../../stage/test-run.ts';

const DECLINED = { name: 'Refusal', code: 'CardDeclined' };

describe('payment methods that users save through the sandbox processor', () => {
  const bench = paymentBench();
  let sandbox: Running & { url: string };
  let processor: CardProcessor;
  let customerId: string;
  before(async () => {
    const folder = path.join(scratchFolder(), `processor-${randomUUID()}`);
    sandbox = await startProcessor({ port: 0, folder, logger: createLogger('processor', 'error') });
    processor = createSandboxProcessor(sandbox.url);
  });
  beforeEach(() => {
    customerId = randomUUID();
  });
  after(() => sandbox.close());

  const service = () => createPaymentActivities({ db: bench.database.db, processor });
  const requests = () => createPaymentRequests({ db: bench.database.db, processor });
  const saving = (difference: Partial<AuthorizePayment> = {}) =>
    paymentRequest({ customerId, savePaymentMethod: true, ...difference });
  const list = async () => (await requests().listPaymentMethods({ userId: customerId, limit: 100 })).items;
  const saved = async (): Promise<string> => {
    await service().authorizePayment(saving());
    return (await list())[0]!.id;
  };

  it('pay for later orders of their user, until they are removed', async () => {
    const id = await saved();
    assert.partialDeepStrictEqual(await list(), [{ id, brand: 'visa', last4: '4242', expires: '2034-12' }]);
    const order = paymentRequest({ customerId, paymentMethod: id });
    await service().authorizePayment(order);
    const renewal = { orderId: order.orderId, amount: pounds(1250), paymentMethod: id };
    await service().renewHold({ ...renewal, holdId: randomUUID() });
    await requests().removePaymentMethod({ userId: customerId, id });
    await requests().removePaymentMethod({ userId: customerId, id });
    await assert.rejects(service().renewHold({ ...renewal, holdId: randomUUID() }), DECLINED);
    await assert.rejects(service().authorizePayment(paymentRequest({ customerId, paymentMethod: id })), DECLINED);
  });

  it('are saved once, although the response was lost', async () => {
    const request = saving({ paymentMethod: 'pm_sandbox_authorizeTimeout' });
    await assert.rejects(service().authorizePayment(request), /the card processor did not respond/);
    assert.deepEqual(await list(), []);
    await service().authorizePayment(request);
    await service().authorizePayment(request);
    assert.equal((await list()).length, 1);
  });

  it('are charged by nobody else, nor after they are detached: the processor itself refuses', async () => {
    const [id, stranger] = [await saved(), await processor.addCustomer({ userId: randomUUID() })];
    const charge = (customer: string | null) => {
      const { orderId, amount } = paymentRequest();
      const hold = { key: `${orderId}:authorize`, orderId, holdId: orderId, reference: null };
      return processor.authorize({ ...hold, ...FIRST_USE, amount, paymentMethod: id, customer });
    };
    for (const customer of [stranger, null]) await assert.rejects(charge(customer), DECLINED);
    const own = await processor.addCustomer({ userId: customerId });
    assert.ok('id' in (await charge(own)));
    await processor.detach(id);
    await processor.detach(id);
    await assert.rejects(charge(own), DECLINED);
  });

  it('are a fault where the processor answers anything unexpected', async () => {
    await assert.rejects(processor.detach('pm_saved_unknown'), /responded to detach with 404/);
    await assert.rejects(
      createSandboxProcessor(`${sandbox.url}/nothing`).addCustomer({ userId: customerId }),
      /responded to addCustomer with 404/,
    );
  });
});
