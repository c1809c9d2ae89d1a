import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import { createExpress } from './express.ts';
import type { StepServices } from './step-services.ts';

/** The local activities of the lanes `local-first` (each step by its name) and `express` (all steps in one). */
export const createLocalActivities = (bookkeeping: OrderActivities, services: StepServices) => ({
  ...services.cart,
  ...services.inventory,
  ...services.payment,
  ...services.shipping,
  ...createExpress(bookkeeping, services),
});
