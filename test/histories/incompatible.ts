import { proxyActivities, sleep } from '@temporalio/workflow';

const steps = proxyActivities({ startToCloseTimeout: '10s' }) as Record<string, () => Promise<void>>;

/** An incompatible change of the workflows: other commands, in another order. */
async function incompatiblyChanged(): Promise<string> {
  await sleep('1 minute');
  await steps.authorizePayment!();
  return 'completed';
}

export const orderWorkflow = incompatiblyChanged;
export const returnWorkflow = incompatiblyChanged;
export const webhookDeliveryWorkflow = incompatiblyChanged;
export const cartReminderWorkflow = incompatiblyChanged;
export const strayParcelWorkflow = incompatiblyChanged;
export const latePaymentWorkflow = incompatiblyChanged;
export const reconciliationWorkflow = incompatiblyChanged;
export const disputeWorkflow = incompatiblyChanged;
export const failedCaptureWorkflow = incompatiblyChanged;
export const failedRefundWorkflow = incompatiblyChanged;
export const refundWorkflow = incompatiblyChanged;
export const requiredStepWorkflow = incompatiblyChanged;
