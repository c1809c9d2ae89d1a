import type { PaymentActivities } from '../../activities/payment.ts';
import { type PaymentDependencies, carryOut } from './operation.ts';
import { authorize } from './steps/authorize.ts';
import { capture } from './steps/capture.ts';
import { refund } from './steps/refund.ts';
import { voidHold } from './steps/void.ts';

/** The payment steps of a workflow, carried out at the card processor. */
export function createPaymentActivities(dependencies: PaymentDependencies): PaymentActivities {
  return {
    async authorizePayment(request) {
      const { id } = await carryOut(dependencies, authorize(request));
      return { authorizationId: id ?? NOTHING_TO_PAY };
    },
    async voidPayment(request) {
      await carryOut(dependencies, voidHold(request));
    },
    async capturePayment(request) {
      await carryOut(dependencies, capture(request));
    },
    async refundPayment(request) {
      await carryOut(dependencies, refund(request));
    },
  };
}

/** The authorization id of an order that costs nothing. */
const NOTHING_TO_PAY = 'nothing-to-pay';
