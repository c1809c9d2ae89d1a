import { randomUUID } from 'node:crypto';
import type { CardAuthorization, CardRequest, SavedCard } from '../../services/payment/processor.ts';

/** What the fake processor knows of customers, and of the cards that are attached to them. */
export class FakeSavedCards {
  readonly customers: string[] = [];
  /** The customer of each saved payment method; null once it is detached. */
  readonly owners = new Map<string, string | null>();
  readonly #customersByOwner = new Map<string, string>();

  /** A repeat returns the same customer. */
  addCustomer(owner: string): string {
    const known = this.#customersByOwner.get(owner);
    if (known) return known;
    const customer = `cus_${randomUUID()}`;
    this.customers.push(owner);
    this.#customersByOwner.set(owner, customer);
    return customer;
  }

  /** Whether the payment method is a saved one that the request may not charge. */
  forbids(request: CardRequest): boolean {
    if (request.step !== 'authorize') return false;
    const owner = this.owners.get(request.paymentMethod);
    return owner !== undefined && (owner === null || owner !== request.customer);
  }

  /** Attaches the card that was charged, under a token of its own. */
  save({ customer, save }: CardAuthorization): SavedCard | undefined {
    if (!save || customer === null) return undefined;
    const paymentMethod = `pm_${randomUUID().replaceAll('-', '')}`;
    this.owners.set(paymentMethod, customer);
    return { paymentMethod, brand: 'visa', last4: '4242', expiryMonth: 7, expiryYear: 2034 };
  }

  detach(paymentMethod: string): void {
    this.owners.set(paymentMethod, null);
  }
}
