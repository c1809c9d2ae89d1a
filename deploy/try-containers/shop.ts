import type { Client } from '../../clients/typescript/index.ts';
import { DEMO_CATALOGUE, loadDemoCatalogue } from '../../local/demo-catalogue.ts';
import { createApi } from '../../tools/api/client.ts';
import { withSession } from '../../tools/api/session.ts';
import { dataOf, typedClient } from '../../tools/api/typed-client.ts';
import { ToolError } from '../../tools/command-line.ts';
import type { PlacedOrder } from '../../tools/replay/order.ts';
import { placeOrder, pollOrder, readOrder } from '../../tools/replay/orders-api.ts';

export interface ShopOptions {
  apiUrl: string;
  adminEmail: string;
  adminPassword: string;
  /** For the demo catalogue's marker file. */
  folder: string;
}

const CUSTOMER = { email: 'ada@example.com', password: 'correct horse battery staple', name: 'Ada Customer' };
const ADDRESS = { name: CUSTOMER.name, line1: '1 High Street', city: 'London', postalCode: 'EC1A 1BB', country: 'GB' };
const PAYMENT_METHOD = 'pm_card_visa';
const AT_ONCE = 4;
/** Plenty in stock. */
const SKU = DEMO_CATALOGUE.toSorted((a, b) => b.pieces - a.pieces)[0]!.sku;

/** A customer who orders again and again, and remembers every order. */
export class Shop {
  readonly #customer: Client;
  readonly #orders: string[] = [];
  #keys = 0;

  private constructor(customer: Client) {
    this.#customer = customer;
  }

  /** Fills the catalogue and signs the customer up. */
  static async open({ apiUrl, ...options }: ShopOptions): Promise<Shop> {
    await loadDemoCatalogue({ apiUrl, ...options, signal: AbortSignal.timeout(60_000) });
    const api = createApi(apiUrl);
    dataOf(await typedClient(api).POST('/v1/users', { body: CUSTOMER }));
    return new Shop(typedClient(withSession(api, CUSTOMER)));
  }

  get orders(): number {
    return this.#orders.length;
  }

  /** Places orders, a few at once, with retries under one key each. Every one must be confirmed. */
  async order(count: number): Promise<void> {
    const keys = Array.from({ length: count }, () => `order-${++this.#keys}`);
    const next = keys.values();
    const customer = async () => {
      for (const key of next) this.#orders.push(await this.#place(key));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, customer));
  }

  /** Places orders until `work` has ended; at least one. */
  async orderDuring(work: () => Promise<void>): Promise<void> {
    const done = new AbortController();
    const working = work().finally(() => done.abort());
    // A failure is reported below.
    working.catch(() => undefined);
    do {
      await this.order(AT_ONCE);
    } while (!done.signal.aborted);
    await working;
  }

  /** Waits until every order is delivered and paid for. */
  async allDelivered(): Promise<void> {
    for (const id of this.#orders) {
      const order = await pollOrder(this.#customer, id, isDelivered);
      if (!isDelivered(order)) throw new ToolError(`order ${id} is ${stateOf(order)} after two minutes`);
    }
  }

  /** Reads every order once. */
  async states(): Promise<string[]> {
    const states: string[] = [];
    for (const id of this.#orders) states.push(`${id} ${stateOf(await readOrder(this.#customer, id))}`);
    return states;
  }

  async #place(key: string): Promise<string> {
    const order = await placeOrder(this.#customer, key, {
      lines: [{ sku: SKU, quantity: 1 }],
      shippingAddress: ADDRESS,
      paymentMethod: PAYMENT_METHOD,
    });
    // It may be delivered already.
    if (order.status !== 'confirmed' && order.status !== 'completed') {
      throw new ToolError(`order ${order.id} (${key}) is ${stateOf(order)}, expected confirmed`);
    }
    return order.id;
  }
}

const stateOf = ({ status, paymentStatus, fulfillmentStatus }: PlacedOrder): string =>
  `${status}, ${paymentStatus}, ${fulfillmentStatus}`;

const isDelivered = ({ fulfillmentStatus, paymentStatus }: PlacedOrder): boolean =>
  fulfillmentStatus === 'delivered' && paymentStatus === 'captured';
