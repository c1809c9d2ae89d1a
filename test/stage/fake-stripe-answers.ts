/** A response of the server that plays Stripe. */
export interface Answer {
  status: number;
  body: unknown;
}

export const refuse = (status: number, error: Record<string, unknown>): Answer => ({ status, body: { error } });
