export { cartReminderWorkflow } from './cart-reminder.ts';
export { orderWorkflow } from './order.ts';
export { returnWorkflow } from './return.ts';
export { webhookDeliveryWorkflow } from './webhook-delivery.ts';
