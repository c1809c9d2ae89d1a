import type { PaymentActivities } from '../../activities/payment.ts';
import { type Till, carryOut } from './operation.ts';
import { authorize } from './steps/authorize.ts';
import { capture } from './steps/capture.ts';
import { refund } from './steps/refund.ts';
import { voidHold } from './steps/void.ts';

/** What the payment service does for a workflow, with the processor's help. */
export function createPaymentActivities(till: Till): PaymentActivities {
  return {
    async authorizePayment(request) {
      const { id } = await carryOut(till, authorize(request));
      return { authorizationId: id ?? NOTHING_TO_PAY };
    },
    async voidPayment(request) {
      await carryOut(till, voidHold(request));
    },
    async capturePayment(request) {
      await carryOut(till, capture(request));
    },
    async refundPayment(request) {
      await carryOut(till, refund(request));
    },
  };
}

/** Stands for the authorization of an order that costs nothing. */
const NOTHING_TO_PAY = 'nothing-to-pay';
