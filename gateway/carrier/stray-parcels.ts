import { Counter, type Registry } from 'prom-client';
import type { FulfillmentStatus } from '../../activities/order-status.ts';
import type { OrderRequests } from '../../activities/order.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { StrayParcelInput } from '../../workflows/stray-parcel/messages.ts';
import type { Workflows } from '../upstream/workflow-client.ts';

export interface StrayParcelDependencies {
  orders: Pick<OrderRequests, 'getOrder' | 'getOrderStart'>;
  workflows: Pick<Workflows, 'startStrayParcel'>;
  logger: Logger;
  registry: Registry;
}

// An order whose workflow has ended with one of these is not about to send anything.
const NOT_SENT: readonly FulfillmentStatus[] = ['not_fulfilled', 'booked', 'canceled'];

/**
 * Returns the function that reports a parcel which moved although no order expects it: in a metric, in the log, and as an
 * intervention that a person must resolve. Repeated reports about one parcel are reported once.
 */
export function createStrayParcels({ orders, workflows, logger, registry }: StrayParcelDependencies) {
  const strayParcels = new Counter({
    name: 'parcels_of_ended_orders_total',
    help: 'Parcels that moved although their orders were not to be sent',
    registers: [registry],
  });

  return async function reportStray(parcel: Omit<StrayParcelInput, 'orderStatus'>): Promise<void> {
    const { customerId, status, fulfillmentStatus } = await orders.getOrder({ orderId: parcel.orderId });
    // The workflow of an order that was sent has ended because all is done.
    if (parcel.contradicts === 'workflowEnded' && !NOT_SENT.includes(fulfillmentStatus)) return;
    if (!(await workflows.startStrayParcel({ ...parcel, orderStatus: status }, customerId))) return;
    strayParcels.inc();
    logger.error('a parcel moved although its order is not to be sent: see the interventions', {
      ...parcel,
      orderStatus: status,
    });
  };
}
