import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Stripe } from 'stripe';
import type { PaymentActivities, PaymentRequests, ReceivedEvent } from '../../activities/payment.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { startProcessor } from '../../sandbox/processor.ts';
import { createPaymentActivities } from '../../services/payment/activities.ts';
import { createSandboxProcessor } from '../../services/payment/processor/sandbox.ts';
import { createStripeProcessor } from '../../services/payment/processor/stripe.ts';
import { createPaymentRequests } from '../../services/payment/requests.ts';
import { sendRequest } from './api-client.ts';
import { type StripeServer, startStripeServer } from './fake-stripe.ts';
import { scratchFolder } from './test-run.ts';
import type { PaymentBench } from './test-payment-service.ts';

const SECRET = 'a shared secret of more than 32 characters';
const API_KEY = 'sk_test_123';
const WEBHOOK_SECRET = 'whsec_of_the_tests';

export interface SandboxStage {
  payment: PaymentActivities;
  /** What each event of the processor meant. */
  meanings: ReceivedEvent[];
  /** The order's entries in the processor's ledger, such as `capture 1250`. */
  ledger: (orderId: string) => Promise<string[]>;
  post: (path: string, body?: object) => Promise<{ status: number; body: unknown }>;
}

/** A sandbox processor whose events the payment service receives, while `work` runs. */
export async function withSandbox(
  { database: { db } }: PaymentBench,
  work: (stage: SandboxStage) => Promise<void>,
): Promise<void> {
  let requests: PaymentRequests | undefined;
  const meanings: ReceivedEvent[] = [];
  const receiver = createServer((request, response) => {
    void (async () => {
      const payload = Buffer.concat((await request.toArray()) as Buffer[]).toString();
      const event = { payload, signature: String(request.headers['processor-signature']) };
      const answer = await requests!.receiveEvent(event).catch(() => undefined);
      if (answer) meanings.push(answer);
      response.writeHead(answer ? 204 : 503).end();
    })();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const sandbox = await startProcessor({
    port: 0,
    folder: path.join(scratchFolder(), `processor-${randomUUID()}`),
    callback: { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, secret: SECRET },
    logger: createLogger('processor', 'error'),
  });
  try {
    const processor = createSandboxProcessor(sandbox.url, SECRET);
    requests = createPaymentRequests({ db, processor });
    await work({
      payment: createPaymentActivities({ db, processor }),
      meanings,
      async ledger(orderId) {
        const { items } = (await processor.readLedger!({ limit: 100, orderId })) as unknown as {
          items: { type: string; amountMinor: number }[];
        };
        return items.map(({ type, amountMinor }) => `${type} ${amountMinor}`);
      },
      post: (at, body) => sendRequest({ method: 'POST', url: `${sandbox.url}${at}`, ...(body && { body }) }),
    });
  } finally {
    await sandbox.close();
    receiver.close();
    receiver.closeAllConnections();
  }
}

export interface StripeStage {
  stripe: StripeServer;
  payment: PaymentActivities;
  /** Receives an event of this type about this object, signed as Stripe does. */
  receive: (type: string, object: object) => Promise<ReceivedEvent>;
}

/** A server that plays Stripe, while `work` runs. Its intents' ids start at pi_1. */
export async function withStripe(
  { database: { db } }: PaymentBench,
  work: (stage: StripeStage) => Promise<void>,
  { multicapture = false }: { multicapture?: boolean } = {},
): Promise<void> {
  const stripe = await startStripeServer();
  await db.updateTable('payments').set({ reference: null }).execute();
  await db.updateTable('holds').set({ reference: null }).execute();
  const endpoint = { apiKey: API_KEY, apiBase: stripe.url, webhookSecret: WEBHOOK_SECRET };
  const processor = createStripeProcessor({ ...endpoint, multicapture });
  const { webhooks } = new Stripe(API_KEY);
  try {
    await work({
      stripe,
      payment: createPaymentActivities({ db, processor }),
      async receive(type, object) {
        const payload = JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } });
        const signature = webhooks.generateTestHeaderString({ payload, secret: WEBHOOK_SECRET });
        return createPaymentRequests({ db, processor }).receiveEvent({ payload, signature });
      },
    });
  } finally {
    await stripe.close();
  }
}
