import { allHandlersFinished, condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { InventoryActivities } from '../../../../activities/inventory.ts';
import type { PaymentActivities } from '../../../../activities/payment.ts';
import type { ShippingActivities, ShippingRequests } from '../../../../activities/shipping.ts';
import type { CarrierReport, OrderSteps, PlacedOrder } from '../order.ts';
import { type Outcome, placeOrder } from '../saga.ts';
import { decidedUpdate, parcelMovedSignal } from './messages.ts';

// As in Temporal's samples: one activity per step, on the queue of the service that owns it, with the default retries.
const on = <Activities>(taskQueue: string) => proxyActivities<Activities>({ taskQueue, startToCloseTimeout: '10s' });

const steps = {
  order: on<OrderSteps>('order'),
  inventory: on<InventoryActivities>('inventory'),
  payment: on<PaymentActivities>('payment'),
  shipping: on<ShippingActivities & Pick<ShippingRequests, 'recordMovement'>>('shipping'),
};

/** From placed to confirmed: its result is what the customer waits for. */
export const orderWorkflow = (order: PlacedOrder): Promise<Outcome> => placeOrder(order, steps);

/** From placed to delivered and paid. The customer waits for the update, the workflow for the carrier's reports. */
export async function orderLifeWorkflow(order: PlacedOrder): Promise<Outcome> {
  let outcome: Outcome | undefined;
  const reports = new Map<CarrierReport['type'], CarrierReport>();
  setHandler(parcelMovedSignal, (report) => void reports.set(report.type, report));
  setHandler(decidedUpdate, async () => {
    await condition(() => outcome !== undefined);
    return outcome!;
  });
  outcome = await placeOrder(order, steps);
  if (outcome.status === 'confirmed') await fulfill(order, reports);
  await condition(allHandlersFinished);
  return outcome;
}

async function fulfill({ orderId }: PlacedOrder, reports: ReadonlyMap<CarrierReport['type'], CarrierReport>) {
  await recorded(reports, 'dispatched');
  await steps.order.dispatchOrder({ orderId });
  await steps.payment.capturePayment({ orderId });
  await steps.order.captureOrder({ orderId });
  await steps.inventory.commitStock({ orderId });

  await recorded(reports, 'delivered');
  await steps.order.deliverOrder({ orderId });
}

/** Waits for the carrier's report, and records it. */
async function recorded(reports: ReadonlyMap<CarrierReport['type'], CarrierReport>, type: CarrierReport['type']) {
  await condition(() => reports.has(type));
  const { id: movementId, trackingNumber, at } = reports.get(type)!;
  await steps.shipping.recordMovement({ movementId, trackingNumber, type, at });
}
