import { createHash } from 'node:crypto';
import type { Answer, Api, Ask } from '../../tools/api/client.ts';
import type { Progress } from '../../tools/progress.ts';

interface FakeOrder {
  id: string;
  customer: string;
  status: string;
  fulfillmentStatus: string;
  rejection?: { code: string };
  trackingNumber: string;
  lines: { sku: string; quantity: number }[];
  country: string;
}

/**
 * A shop behind the HTTP contract, in memory: enough of it for the tools, and strict about what they must keep to:
 * signing in, the idempotency key of each request and what it stands for.
 */
export class FakeShop {
  readonly products = new Map<string, { name: string; price: { amountMinor: number; currency: string } }>();
  readonly stock = new Map<string, number>();
  readonly users = new Map<string, string>([['admin@example.com', 'the admin’s']]);
  readonly orders = new Map<string, FakeOrder>();
  readonly returns: { orderId: string; lines: unknown; received?: unknown }[] = [];
  readonly asked: Ask[] = [];
  /** SKUs that are sold out. */
  readonly soldOut = new Set<string>();
  readonly #answers = new Map<string, { body: string; answer: Answer }>();

  readonly api: Api = async (ask) => {
    this.asked.push(ask);
    const caller = this.#callerOf(ask);
    const key = ask.headers?.['idempotency-key'];
    if (key === undefined) return this.#answer(ask, caller);
    const scope = `${caller} ${ask.path} ${key}`;
    const known = this.#answers.get(scope);
    if (!known) {
      const answer = this.#answer(ask, caller);
      this.#answers.set(scope, { body: JSON.stringify(ask.body), answer });
      return answer;
    }
    if (known.body !== JSON.stringify(ask.body)) return no(422, 'IdempotencyKeyReused');
    return { ...known.answer, headers: new Headers({ 'idempotent-replayed': 'true' }) };
  };

  /** The carrier's own people. */
  readonly carrier: Api = async ({ path }) => {
    const number = /^\/shipments\/(.*)\/advance$/.exec(path)?.[1];
    const order = [...this.orders.values()].find(({ trackingNumber }) => trackingNumber === number);
    if (!order) return no(404, 'NotFound');
    order.fulfillmentStatus = order.fulfillmentStatus === 'booked' ? 'shipped' : 'delivered';
    return yes(200, {});
  };

  #callerOf({ headers }: Ask): string {
    return (headers?.authorization ?? '').replace('Bearer ', '');
  }

  #answer({ method, path, body }: Ask, caller: string): Answer {
    const fields = (body ?? {}) as Record<string, never>;
    const [, first = '', id = '', second = ''] = path.replace('/v1', '').split('/');
    switch (`${method} ${first}${id && '/id'}${second && `/${second}`}`) {
      case 'POST sessions':
        return this.users.get(fields.email!) === fields.password
          ? yes(201, { accessToken: fields.email!, expiresIn: 900, refreshToken: 'rt' })
          : no(401, 'BadCredentials');
      case 'POST users':
        return this.#register(fields);
      case 'POST products':
        return this.#addProduct(fields, caller);
      case 'GET products/id':
        return yes(200, this.products.get(id));
      case 'PATCH products/id':
        this.products.set(id, { ...this.products.get(id)!, ...fields });
        return yes(200, {});
      case 'POST products/id/stock-adjustments':
        this.stock.set(id, (this.stock.get(id) ?? 0) + Number(fields.delta));
        return yes(201, {});
      case 'POST orders':
        return this.#place(fields, caller);
      case 'GET orders/id':
        return yes(200, this.#view(id));
      case 'POST orders/id/cancel':
        this.orders.get(id)!.status = 'canceled';
        return yes(202, this.#view(id));
      case 'POST orders/id/returns':
        return yes(201, {
          id: String(this.returns.push({ orderId: id, lines: fields.lines }) - 1),
          status: 'requested',
        });
      case 'POST returns/id/receive':
        this.returns[Number(id)]!.received = fields.lines;
        return yes(200, {});
      default:
        return no(404, 'NotFound');
    }
  }

  #register({ email, password }: Record<string, string>): Answer {
    if (this.users.has(email!)) return no(409, 'EmailTaken');
    this.users.set(email!, password!);
    return yes(201, {});
  }

  #addProduct({ sku, ...product }: Record<string, never>, caller: string): Answer {
    if (caller !== 'admin@example.com') return no(403, 'Forbidden');
    if (this.products.has(sku!)) return no(409, 'SkuTaken');
    this.products.set(sku!, product as never);
    return yes(201, {});
  }

  #place(fields: Record<string, never>, customer: string): Answer {
    if (!this.users.has(customer)) return no(401, 'Unauthenticated');
    const lines = fields.lines as unknown as FakeOrder['lines'];
    const { country } = fields.shippingAddress as unknown as { country: string };
    const id = createHash('sha256').update(`${this.orders.size}`).digest('hex').slice(0, 8);
    const out = lines.some(({ sku }) => this.soldOut.has(sku));
    this.orders.set(id, {
      id,
      customer,
      status: out ? 'rejected' : 'confirmed',
      fulfillmentStatus: out ? 'not_fulfilled' : 'booked',
      ...(out && { rejection: { code: 'OutOfStock' } }),
      trackingNumber: `SB${id}`,
      lines,
      country,
    });
    return yes(201, this.#view(id));
  }

  #view(id: string) {
    const order = this.orders.get(id)!;
    const cancelable = order.status === 'confirmed' && order.fulfillmentStatus === 'booked';
    return { ...order, allowedActions: cancelable ? ['cancel'] : [] };
  }
}

const yes = (status: number, body: unknown): Answer => ({
  status,
  headers: new Headers(),
  body: structuredClone(body),
});
const no = (status: number, code: string): Answer => ({ status, headers: new Headers(), body: { code } });

export const noProgress: Progress = { step: () => undefined, stop: () => undefined };
