import type { Kysely } from 'kysely';
import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import type { OrderSettings } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { createEndingActivities } from './ending-activities.ts';
import { createFulfillmentActivities } from './fulfillment-activities.ts';
import { createInterventionActivities } from './interventions.ts';
import { createParcelActivities } from './parcel-activities.ts';
import { createPaymentMethodActivities } from './payment-method-activities.ts';
import { createPlacingActivities } from './placing-activities.ts';
import { createFailedCaptureActivities } from './failed-captures.ts';
import { createFailedRefundActivities } from './failed-refunds.ts';
import { createRefundActivities } from './refunds.ts';
import { createReturnActivities } from './return-activities.ts';

/** The order service's bookkeeping. The contract documents each operation. */
export const createOrderActivities = (db: Kysely<OrderDatabase>, settings: OrderSettings): OrderActivities => ({
  ...createPlacingActivities(db, settings),
  ...createFulfillmentActivities(db, settings),
  ...createParcelActivities(db, settings),
  ...createPaymentMethodActivities(db, settings),
  ...createEndingActivities(db, settings),
  ...createInterventionActivities(db, settings),
  ...createReturnActivities(db, settings),
  ...createRefundActivities(db, settings),
  ...createFailedRefundActivities(db, settings),
  ...createFailedCaptureActivities(db, settings),
});
