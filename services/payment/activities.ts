import type { PaymentActivities } from '../../activities/payment.ts';
import { type PaymentDependencies, carryOut } from './operation.ts';
import { authorize } from './steps/authorize.ts';
import { capture } from './steps/capture.ts';
import { forgoRefund, recordManualRefund } from './given-up-refunds.ts';
import { refund } from './steps/refund.ts';
import { releaseHold, voidHold } from './steps/void.ts';

/** The payment steps of a workflow, carried out at the card processor. */
export function createPaymentActivities(dependencies: PaymentDependencies): PaymentActivities {
  return {
    async authorizePayment(request) {
      const outcome = await carryOut(dependencies, authorize(request));
      return 'customerAction' in outcome
        ? { authorizationId: null, ...outcome }
        : { authorizationId: outcome.id ?? NOTHING_TO_PAY };
    },
    async voidPayment(request) {
      const outcome = await carryOut(dependencies, voidHold(request));
      return { released: 'id' in outcome && outcome.id !== null };
    },
    async releaseLateHold(request) {
      await carryOut(dependencies, releaseHold(request));
    },
    async capturePayment(request) {
      await carryOut(dependencies, capture(request));
    },
    async refundPayment(request) {
      await carryOut(dependencies, refund(request));
    },
    forgoRefund: (request) => forgoRefund(dependencies.db, request),
    recordManualRefund: (request) => recordManualRefund(dependencies.db, request),
  };
}

/** The authorization id of an order that costs nothing. */
const NOTHING_TO_PAY = 'nothing-to-pay';
