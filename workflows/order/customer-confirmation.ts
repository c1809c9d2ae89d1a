import { ApplicationFailure, condition, isCancellation } from '@temporalio/workflow';
import type { CustomerAction } from '../../activities/payment.ts';
import { momentInWords } from '../display/markdown.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { forwardServices } from '../saga/step-services.ts';
import { troubleOf } from '../saga/trouble.ts';
import type { OrderInProgress } from './order-in-progress.ts';
import { authorizationOf } from './steps.ts';

// The processor's event comes within seconds. Where it does not, a few questions find out soon enough, and each costs the
// history three events.
const FIRST_QUESTION_MS = 60 * 1000;
const FACTOR = 2;

/** Whether there is news about the payment, by the processor's events. */
export class PaymentNews {
  #arrived = false;

  arrived(): void {
    this.#arrived = true;
  }

  get has(): boolean {
    return this.#arrived;
  }

  /** What is asked next has heard of all news so far. */
  take(): void {
    this.#arrived = false;
  }

  /** Waits for news since the last time. False if none came in time. */
  async within(timeoutMs: number, summary: string): Promise<boolean> {
    const came = await condition(() => this.#arrived, timeoutMs, { summary });
    this.#arrived = false;
    return came;
  }
}

/**
 * Waits until the card's holder has confirmed the payment: for the processor's event, and by asking where none comes. Throws
 * `PaymentNotCompleted` once the time is up, and the processor's refusal if the holder did not confirm.
 */
export async function untilConfirmed(order: OrderInProgress, customerAction: CustomerAction): Promise<void> {
  const { history, saga, paymentNews } = order;
  history.add('confirmPayment', 'started');
  const { expiresAt } = await bookkeeping.awaitCustomer({ ...saga.update(), customerAction });
  saga.people.show({ payment: 'awaiting_customer', waitsFor: 'payment_confirmation' });
  const deadline = Date.parse(expiresAt);
  const standing = `**Waits for the customer** to confirm the payment until ${momentInWords(new Date(deadline))}; then the order is undone and rejected.`;
  for (let intervalMs = FIRST_QUESTION_MS; ; intervalMs *= FACTOR) {
    const waitMs = Math.max(1, Math.min(intervalMs, deadline - Date.now()));
    history.now(`${standing} The processor is asked at ${momentInWords(new Date(Date.now() + waitMs))}.`);
    await paymentNews.within(waitMs, 'until the processor is asked for news');
    const asked = await ask(order).catch((error: unknown) => {
      if (isCancellation(error) || troubleOf(error).refusal || Date.now() >= deadline) throw error;
      // The processor is away, and there is time left.
      return undefined;
    });
    if (asked && !asked.answer.customerAction) {
      history.add('confirmPayment', 'succeeded', { attempt: asked.attempt });
      await bookkeeping.authorizeOrder(saga.update());
      return;
    }
    if (Date.now() >= deadline) throw notCompleted();
  }
}

/** Asks how the payment stands. */
const ask = ({ input, saga }: OrderInProgress) =>
  forwardServices({ durable: saga.afterLostAttempt }).payment.authorizePayment(authorizationOf(input));

const notCompleted = () =>
  ApplicationFailure.nonRetryable('the customer did not confirm the payment in time', 'PaymentNotCompleted');
