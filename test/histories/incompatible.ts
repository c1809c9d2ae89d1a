import { proxyActivities, sleep } from '@temporalio/workflow';

const steps = proxyActivities({ startToCloseTimeout: '10s' }) as Record<string, () => Promise<void>>;

/** What a careless change would do to orders under way: other commands, in another order. */
async function carelesslyChanged(): Promise<string> {
  await sleep('1 minute');
  await steps.authorizePayment!();
  return 'completed';
}

export const orderWorkflow = carelesslyChanged;
export const returnWorkflow = carelesslyChanged;
export const webhookDeliveryWorkflow = carelesslyChanged;
export const cartReminderWorkflow = carelesslyChanged;
