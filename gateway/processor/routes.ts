import { z } from 'zod';
import type { OrderRequests } from '../../activities/order.ts';
import type { PaymentRequests, ReceivedEvent } from '../../activities/payment.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { DisputeInput } from '../../workflows/dispute/messages.ts';
import type { FailedRefundInput } from '../../workflows/failed-refund/messages.ts';
import type { PaymentMoved } from '../../workflows/order/messages.ts';
import type { Workflows } from '../upstream/workflow-client.ts';

// The payment service reads the event, and checks its signature over the body as it came.
const Event = z.looseObject({}).meta({
  id: 'ProcessorEvent',
  examples: [
    {
      id: 'evt_8b9c',
      type: 'payment.authorized',
      orderId: '6d1f0c1e-8f57-8a3e-9d55-0e0a4f0f8b9c',
      at: '2026-01-05T09:10:00.000Z',
    },
  ],
});

// Stripe's largest events have some 20 KB.
const BODY_LIMIT_BYTES = 100_000;

// Both processors sign so, with a few signatures at most. What cannot be one costs the payment service nothing.
const SIGNATURE = /^(?=.*\bt=\d{1,12}\b)(?=.*\bv1=[0-9a-f]{64}\b).{1,2000}$/i;

const unsigned = (header: string): Problem =>
  new Problem(401, 'InvalidSignature', `${header} is missing, wrong or older than five minutes`, {
    headers: { 'WWW-Authenticate': header },
  });

interface ProcessorDependencies {
  payments: Pick<PaymentRequests, 'receiveEvent'>;
  orders: Pick<OrderRequests, 'getOrder' | 'getOrderStart'>;
  workflows: Pick<
    Workflows,
    'paymentMoved' | 'startLatePayment' | 'startFailedRefund' | 'startFailedCapture' | 'disputeMoved'
  >;
}

/** One that has ended needs no news. */
const unlessEnded = (told: Promise<unknown>): Promise<unknown> =>
  told.catch((error: unknown) => {
    if (!(error instanceof Refusal && error.code === 'WorkflowEnded')) throw error;
  });

type FailedCaptures = Extract<ReceivedEvent, { meaning: 'captureFailed' }>;

/** The callbacks with which card processors report what has become of payments. */
export function processorRoutes({ payments, orders, workflows }: ProcessorDependencies): AnyRoute[] {
  const receive = async (payload: string, signature: string) => {
    const event = await payments.receiveEvent({ payload, signature });
    if (event.meaning === 'awaited') await tellOrder(event.orderId, {});
    if (event.meaning === 'holdExpired') await tellOrder(event.orderId, { expiredHoldId: event.holdId });
    if (event.meaning === 'heldLate') await releaseLate(event.orderId);
    if (event.meaning === 'refundFailed') await askAboutRefund(event);
    if (event.meaning === 'captureFailed') await askAboutCaptures(event);
    if (event.meaning === 'disputed') await tellOfDispute(event);
  };

  /** Tells the order's workflow, which may not have been started. Of an order that has ended nobody waits for news. */
  async function tellOrder(orderId: string, moved: PaymentMoved): Promise<void> {
    const { start } = await orders.getOrderStart({ orderId });
    if (!start) return;
    await unlessEnded(workflows.paymentMoved(start, moved));
  }

  /** Tells the workflow of the dispute, or starts it. */
  async function tellOfDispute({ orderId, disputeId }: DisputeInput): Promise<void> {
    const { customerId } = await orders.getOrder({ orderId });
    await unlessEnded(workflows.disputeMoved({ disputeId, orderId }, customerId));
  }

  async function releaseLate(orderId: string): Promise<void> {
    const { customerId } = await orders.getOrder({ orderId });
    await workflows.startLatePayment({ orderId }, customerId);
  }

  async function askAboutRefund({ refundId, orderId, holdId, amount }: Required<FailedRefundInput>): Promise<void> {
    const { customerId } = await orders.getOrder({ orderId });
    const ofFirst = holdId === undefined || holdId === orderId;
    await workflows.startFailedRefund({ refundId, orderId, amount, ...(!ofFirst && { holdId }) }, customerId);
  }

  async function askAboutCaptures({ orderId, captures }: FailedCaptures): Promise<void> {
    const { customerId } = await orders.getOrder({ orderId });
    for (const { parcelId, amount } of captures) {
      await workflows.startFailedCapture({ parcelId, orderId, amount }, customerId);
    }
  }

  const callback = (processor: {
    path: string;
    operationId: string;
    summary: string;
    header: string;
    format: string;
  }): AnyRoute =>
    route({
      method: 'post',
      path: processor.path,
      operationId: processor.operationId,
      summary: processor.summary,
      tag: 'callbacks',
      access: 'signed',
      body: Event,
      // The body is read before its sender is known.
      bodyLimit: BODY_LIMIT_BYTES,
      headers: { [processor.header]: processor.format },
      responses: { 204: { description: 'Received' } },
      problems: { 400: ['InvalidEvent'], 401: ['InvalidSignature'] },
      async handle({ rawBody, header }) {
        const signature = header(processor.header);
        if (!SIGNATURE.test(signature)) throw unsigned(processor.header);
        await receive(rawBody, signature).catch((error: unknown) => {
          throw error instanceof Refusal && error.code === 'InvalidSignature' ? unsigned(processor.header) : error;
        });
        return { status: 204 };
      },
    });

  return [
    callback({
      path: '/v1/callbacks/processor',
      operationId: 'processorCallback',
      summary: 'Report what has become of a payment (for the card processor)',
      header: 'Processor-Signature',
      format: '`t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`',
    }),
    callback({
      path: '/v1/callbacks/stripe',
      operationId: 'stripeCallback',
      summary: 'Report what has become of a payment (for Stripe)',
      header: 'Stripe-Signature',
      format: 'as Stripe signs its events (https://docs.stripe.com/webhooks#verify-manually)',
    }),
  ];
}
