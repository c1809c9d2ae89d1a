import type { PaymentActivities } from '../../activities/payment.ts';
import { minorOf } from './attempt.ts';
import { customerToSaveFor } from './customers.ts';
import { readDispute } from './disputes.ts';
import { moneyOf } from './ledger.ts';
import { forgoRefund, recordManualRefund } from './given-up-refunds.ts';
import { type Finished, type PaymentDependencies, answerOf, carryOut } from './operation.ts';
import { forgoCapture, recapture, recordManualCapture } from './recaptures.ts';
import { releaseLateHolds, releaseLeftHolds, releaseReplaced, releaseTheRest, voidAll } from './releases.ts';
import { authorize, renew } from './steps/authorize.ts';
import { capture } from './steps/capture.ts';
import { refund, refundPart, stepsOfRefund } from './steps/refund.ts';

/** The payment steps of a workflow, carried out at the card processor. */
export function createPaymentActivities(dependencies: PaymentDependencies): PaymentActivities {
  const { db, processor } = dependencies;
  return {
    async authorizePayment(request) {
      const saveFor = await customerToSaveFor(dependencies, request);
      return authorizationOf(await carryOut(dependencies, authorize(request, saveFor)));
    },
    renewHold: async (request) => authorizationOf(await carryOut(dependencies, renew(request))),
    voidPayment: ({ orderId }) => voidAll(dependencies, orderId),
    releaseReplacedHolds: ({ orderId }) => releaseReplaced(dependencies, orderId),
    releaseLateHold: ({ orderId }) => releaseLateHolds(dependencies, orderId),
    releaseRest: ({ orderId }) => releaseTheRest(dependencies, orderId),
    async capturePayment(request) {
      const finished = await carryOut(dependencies, capture(request, processor.capturesSeveralTimes));
      answerOf(finished);
      const { payment, asked } = finished;
      // The last capture ends the payment, and so does a void that it was faster than: no hold may stay, nor come late.
      const mayLeaveSome = payment.renewed || payment.undone || asked.final === false || minorOf(asked) === 0;
      if (mayLeaveSome) await releaseLeftHolds(dependencies, request.orderId);
      return { captured: moneyOf(payment, minorOf(asked)) };
    },
    async refundPayment(request) {
      const first = await carryOut(dependencies, refund(request));
      const finished = [first];
      if (first.payment.renewed) {
        for (const { step } of (await stepsOfRefund(db, request)).slice(1)) {
          finished.push(await carryOut(dependencies, refundPart(request, step)));
        }
      }
      finished.forEach(answerOf);
    },
    recapturePayment: (request) => recapture(dependencies, request),
    forgoCapture: (request) => forgoCapture(dependencies, request),
    recordManualCapture: (request) => recordManualCapture(dependencies, request),
    forgoRefund: (request) => forgoRefund(db, request),
    readDispute: (request) => readDispute(dependencies, request),
    recordManualRefund: (request) => recordManualRefund(db, request),
  };
}

function authorizationOf(finished: Finished) {
  const answer = answerOf(finished);
  return 'customerAction' in answer
    ? { authorizationId: null, ...answer }
    : { authorizationId: answer.id ?? NOTHING_TO_PAY };
}

/** The authorization id of an order that costs nothing. */
const NOTHING_TO_PAY = 'nothing-to-pay';
