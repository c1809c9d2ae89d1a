import { createHash } from 'node:crypto';
import type { ApiResponse, Api, ApiRequest } from '../../tools/api/client.ts';
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
 * An in-memory platform with as much of the HTTP API as the tools use. It checks what they must do: sign in, and send
 * the same request with the same idempotency key.
 */
export class FakeShop {
  readonly products = new Map<string, { name: string; price: { amountMinor: number; currency: string } }>();
  readonly stock = new Map<string, number>();
  readonly users = new Map<string, string>([['admin@example.com', 'the admin’s']]);
  readonly orders = new Map<string, FakeOrder>();
  readonly returns: { orderId: string; lines: unknown; received?: unknown }[] = [];
  readonly requests: ApiRequest[] = [];
  /** SKUs that are sold out. */
  readonly soldOut = new Set<string>();
  readonly #responses = new Map<string, { body: string; response: ApiResponse }>();

  readonly api: Api = async (request) => {
    this.requests.push(request);
    const caller = this.#callerOf(request);
    const key = request.headers?.['idempotency-key'];
    if (key === undefined) return this.#handle(request, caller);
    const scope = `${caller} ${request.path} ${key}`;
    const known = this.#responses.get(scope);
    if (!known) {
      const response = this.#handle(request, caller);
      this.#responses.set(scope, { body: JSON.stringify(request.body), response });
      return response;
    }
    if (known.body !== JSON.stringify(request.body)) return refusal(422, 'IdempotencyKeyReused');
    return { ...known.response, headers: new Headers({ 'idempotent-replayed': 'true' }) };
  };

  /** The sandbox carrier's API. */
  readonly carrier: Api = async ({ path }) => {
    const number = /^\/shipments\/(.*)\/advance$/.exec(path)?.[1];
    const order = [...this.orders.values()].find(({ trackingNumber }) => trackingNumber === number);
    if (!order) return refusal(404, 'NotFound');
    order.fulfillmentStatus = order.fulfillmentStatus === 'booked' ? 'shipped' : 'delivered';
    return success(200, {});
  };

  #callerOf({ headers }: ApiRequest): string {
    return (headers?.authorization ?? '').replace('Bearer ', '');
  }

  #handle({ method, path, body }: ApiRequest, caller: string): ApiResponse {
    const fields = (body ?? {}) as Record<string, never>;
    const [, first = '', id = '', second = ''] = path.replace('/v1', '').split('/');
    switch (`${method} ${first}${id && '/id'}${second && `/${second}`}`) {
      case 'POST sessions':
        return this.users.get(fields.email!) === fields.password
          ? success(201, { accessToken: fields.email!, expiresIn: 900, refreshToken: 'rt' })
          : refusal(401, 'BadCredentials');
      case 'POST users':
        return this.#register(fields);
      case 'POST products':
        return this.#addProduct(fields, caller);
      case 'GET products/id':
        return success(200, this.products.get(id));
      case 'PATCH products/id':
        this.products.set(id, { ...this.products.get(id)!, ...fields });
        return success(200, {});
      case 'POST products/id/stock-adjustments':
        this.stock.set(id, (this.stock.get(id) ?? 0) + Number(fields.delta));
        return success(201, {});
      case 'POST orders':
        return this.#place(fields, caller);
      case 'GET orders/id':
        return success(200, this.#view(id));
      case 'POST orders/id/cancel':
        this.orders.get(id)!.status = 'canceled';
        return success(202, this.#view(id));
      case 'POST orders/id/returns':
        return success(201, {
          id: String(this.returns.push({ orderId: id, lines: fields.lines }) - 1),
          status: 'requested',
        });
      case 'POST returns/id/receive':
        this.returns[Number(id)]!.received = fields.lines;
        return success(200, {});
      default:
        return refusal(404, 'NotFound');
    }
  }

  #register({ email, password }: Record<string, string>): ApiResponse {
    if (this.users.has(email!)) return refusal(409, 'EmailTaken');
    this.users.set(email!, password!);
    return success(201, {});
  }

  #addProduct({ sku, ...product }: Record<string, never>, caller: string): ApiResponse {
    if (caller !== 'admin@example.com') return refusal(403, 'Forbidden');
    if (this.products.has(sku!)) return refusal(409, 'SkuTaken');
    this.products.set(sku!, product as never);
    return success(201, {});
  }

  #place(fields: Record<string, never>, customer: string): ApiResponse {
    if (!this.users.has(customer)) return refusal(401, 'Unauthenticated');
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
    return success(201, this.#view(id));
  }

  #view(id: string) {
    const order = this.orders.get(id)!;
    const cancelable = order.status === 'confirmed' && order.fulfillmentStatus === 'booked';
    return { ...order, allowedActions: cancelable ? ['cancel'] : [] };
  }
}

const success = (status: number, body: unknown): ApiResponse => ({
  status,
  headers: new Headers(),
  body: structuredClone(body),
});
const refusal = (status: number, code: string): ApiResponse => ({ status, headers: new Headers(), body: { code } });

export const noProgress: Progress = { step: () => undefined, stop: () => undefined };
