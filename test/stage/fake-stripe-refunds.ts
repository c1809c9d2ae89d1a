import { type Answer, refuse } from './fake-stripe-answers.ts';

export type Resource = Record<string, unknown> & { id: string; status: string };
/** What the server that plays Stripe has made so far. The amounts are in Stripe's units. */
export interface Made {
  intents: ReadonlyMap<string, { amount_received: number }>;
  refunds: Resource[];
  disputes: ReadonlyMap<string, Resource>;
}

/** Refunds, or lists the refunds of an intent. */
export function refund(form: Record<string, string>, { intents, refunds, disputes }: Made, list: boolean): Answer {
  if (list) {
    const data = refunds.filter((candidate) => candidate.payment_intent === form.payment_intent);
    return { status: 200, body: { object: 'list', data, has_more: false, url: '/v1/refunds' } };
  }
  if ([...disputes.values()].some((one) => one.payment_intent === form.payment_intent && one.status !== 'won')) {
    return refuse(400, { type: 'invalid_request_error', code: 'charge_disputed' });
  }
  const refunded = refunds.filter((earlier) => earlier.payment_intent === form.payment_intent);
  const sum = refunded.reduce((total, { amount }) => total + Number(amount), Number(form.amount));
  if (sum > intents.get(form.payment_intent!)!.amount_received) {
    return refuse(400, { type: 'invalid_request_error', param: 'amount' });
  }
  const made = {
    ...form,
    id: `re_${refunds.length + 1}`,
    object: 'refund',
    status: 'succeeded',
    metadata: { key: form['metadata[key]'] },
  };
  refunds.push(made);
  return { status: 200, body: made };
}
