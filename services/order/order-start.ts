import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Attempt, OrderStart, PlaceOrder } from '../../activities/order-placing.ts';
import type { Lane } from '../../activities/lane.ts';
import { promptly } from '../../platform/temporal/client.ts';
import { FIRST_QUESTION_MS, startOptionsOf } from '../../workflows/order/messages.ts';
import type { orderWorkflow } from '../../workflows/order/workflow.ts';
import type { OrderRow } from './bookkeeping.ts';

/** What the service's settings say about how workflows are started. */
export interface StartSettings {
  lane: Lane;
  /** After how many days a hold is renewed. Absent: never. */
  authorizationDays?: number | undefined;
}

interface StartOptions extends StartSettings {
  attempt?: Attempt | undefined;
  details?: string | undefined;
}

/** What an order's workflow is started with, from the order's row. */
export const startOfRow = (row: Omit<OrderRow, 'version' | 'updated_at'>, more: StartOptions): OrderStart =>
  startOf(
    {
      orderId: row.id,
      customerId: row.customer_id,
      lines: row.lines,
      total: { amountMinor: row.total_minor, currency: row.currency },
      shippingAddress: row.shipping_address,
      paymentMethod: row.payment_method,
      savePaymentMethod: row.save_payment_method,
      fromCart: row.from_cart,
    },
    more,
  );

/** The same from the request that placed the order. Names and prices stay in the order service. */
export const startOf = (
  { orderId, customerId, lines, total, shippingAddress, paymentMethod, savePaymentMethod, fromCart }: PlaceOrder,
  { lane, authorizationDays, attempt, details }: StartOptions,
): OrderStart => ({
  input: {
    orderId,
    customerId,
    lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
    total,
    paymentMethod,
    ...(savePaymentMethod && { savePaymentMethod }),
    shippingAddress,
    ...(fromCart && { fromCart }),
    ...(authorizationDays !== undefined && { authorizationDays }),
    ...(attempt && { attempt }),
  },
  lane,
  ...(details !== undefined && { details }),
});

/**
 * Starts the workflow of an order that the order service placed; does nothing if it was started before. The workflow of a
 * confirmed order has its first task when there is news, or when the carrier would first be asked for some.
 */
export async function startOrderWorkflow(client: Client, start: OrderStart): Promise<void> {
  const { confirmedAt } = start.input.attempt ?? {};
  const waited = confirmedAt === undefined ? FIRST_QUESTION_MS : Date.now() - Date.parse(confirmedAt);
  const startDelay = Math.max(0, FIRST_QUESTION_MS - waited);
  try {
    await promptly(client, () =>
      client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
        ...startOptionsOf(start),
        ...(startDelay > 0 && { startDelay }),
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
