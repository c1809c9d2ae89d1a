import { randomUUID } from 'node:crypto';
import type { AuthorizePayment, PaymentRequests, SavedPaymentMethod } from '../../activities/payment.ts';
import { createPaymentRequests } from '../../services/payment/requests.ts';
import { type PaymentBench, paymentRequest, pounds } from './test-payment-service.ts';

/** For tests of the payment methods of a user. */
export function savedMethods(bench: PaymentBench, user: () => string) {
  const requests = (): PaymentRequests => createPaymentRequests({ db: bench.database.db, processor: bench.processor });
  /** An order of the user that saves its payment method. */
  const saving = (difference: Partial<AuthorizePayment> = {}): AuthorizePayment =>
    paymentRequest({ customerId: user(), savePaymentMethod: true, ...difference });
  const list = async (userId = user()): Promise<SavedPaymentMethod[]> =>
    (await requests().listPaymentMethods({ userId, limit: 100 })).items;
  /** Saves one, and returns its id. */
  const saved = async (): Promise<string> => {
    await bench.payment.authorizePayment(saving());
    return (await list())[0]!.id;
  };
  const renewal = (orderId: string, paymentMethod: string) => ({
    orderId,
    holdId: randomUUID() as string,
    amount: pounds(1250),
    paymentMethod,
  });
  return { requests, saving, list, saved, renewal };
}
