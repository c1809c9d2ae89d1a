export { cartReminderWorkflow } from './cart-reminder/workflow.ts';
export { latePaymentWorkflow } from './late-payment/workflow.ts';
export { orderWorkflow } from './order/workflow.ts';
export { refundWorkflow } from './refund/workflow.ts';
export { returnWorkflow } from './return/workflow.ts';
export { strayParcelWorkflow } from './stray-parcel/workflow.ts';
export { webhookDeliveryWorkflow } from './webhook-delivery/workflow.ts';
