import { randomUUID } from 'node:crypto';
import { createPaymentRequests } from '../../services/payment/requests.ts';
import { type PaymentBench, paymentRequest, pounds } from './test-payment-service.ts';

/** For tests of payments of 1,000 pence whose hold is renewed. */
export function renewals(bench: PaymentBench) {
  const authorized = async () => {
    const request = paymentRequest({ amount: pounds(1000) });
    await bench.payment.authorizePayment(request);
    return request.orderId;
  };
  const renewal = (orderId: string, amountMinor = 1000, different: { paymentMethod?: string } = {}) => ({
    orderId,
    holdId: randomUUID() as string,
    amount: pounds(amountMinor),
    paymentMethod: 'pm_card_visa',
    ...different,
  });
  const renewed = async (orderId: string, amountMinor = 1000) => {
    const request = renewal(orderId, amountMinor);
    await bench.payment.renewHold(request);
    return request.holdId;
  };
  const sumsOf = async (orderId: string) => {
    const { status, authorized_minor, voided_minor, captured_minor, refunded_minor } = await bench.paymentOf(orderId);
    return [status, authorized_minor, voided_minor, captured_minor, refunded_minor];
  };
  /** The holds of the order's effects at the processor, by their place, with type and amount. */
  const ledgerOf = (orderId: string, ...holdIds: string[]) =>
    bench.processor.ledger
      .filter((entry) => entry.orderId === orderId)
      .map(({ type, holdId, amountMinor }) => `${type} ${[orderId, ...holdIds].indexOf(holdId)} ${amountMinor}`);
  const receive = (payload: string) =>
    createPaymentRequests({ db: bench.database.db, processor: bench.processor }).receiveEvent({
      payload,
      signature: 'right',
    });
  return { authorized, renewal, renewed, sumsOf, ledgerOf, receive };
}
