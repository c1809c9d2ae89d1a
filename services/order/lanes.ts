import type { OrderActivities } from '../../activities/order.ts';
import type { StepServices } from './step-services.ts';
import { createExpress } from './express.ts';

/** What the workflows ask beside them in the lanes `local-first` and `express`: each step by its name, and all in one go. */
export const createLocalActivities = (books: OrderActivities, doors: StepServices) => ({
  ...doors.cart,
  ...doors.inventory,
  ...doors.payment,
  ...doors.shipping,
  ...createExpress(books, doors),
});
