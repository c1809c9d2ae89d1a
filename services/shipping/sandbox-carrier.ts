import { z } from 'zod';
import type { Carrier } from './carrier.ts';

/** The carrier did not answer, or not with an answer: what was asked may or may not have happened. */
export class CarrierFault extends Error {
  override readonly name = 'CarrierFault';
}

// It answers in milliseconds; whoever waits for us gives up after 5 s.
const TIMEOUT_MS = 3_000;

const Booked = z.object({ trackingNumber: z.string() });
const NotBooked = z.object({ code: z.enum(['AddressUndeliverable', 'Canceled']), detail: z.string() });
const Canceled = z.object({ trackingNumber: z.string().nullable() });
const NotCanceled = z.object({ code: z.literal('AlreadyDispatched'), detail: z.string() });
const Parcels = z.object({
  items: z.array(
    z.object({ trackingNumber: z.string(), status: z.enum(['booked', 'dispatched', 'delivered', 'canceled']) }),
  ),
});

/** The sandbox carrier, over HTTP. */
export function createSandboxCarrier(url: string): Carrier {
  const ask = (path: string, key?: string, body?: object) => exchange(new URL(path, url), key, body);
  return {
    async book({ orderId, address }) {
      const { status, answer } = await ask('/shipments', `${orderId}:book`, { orderId, address });
      if (status === 201) return understood(Booked, answer);
      const { code, detail } = understood(NotBooked, answer);
      return { refused: code, detail };
    },

    async cancel(orderId) {
      const { status, answer } = await ask('/cancellations', `${orderId}:cancel`, { orderId });
      if (status === 201) return understood(Canceled, answer);
      const { code, detail } = understood(NotCanceled, answer);
      return { refused: code, detail };
    },

    async find(orderId) {
      const { answer } = await ask(`/shipments?orderId=${encodeURIComponent(orderId)}`);
      return understood(Parcels, answer).items[0];
    },
  };
}

/** What the carrier said, or a fault where it is none of the answers we know: nothing then counts as settled. */
function understood<Shape extends z.ZodType>(shape: Shape, answer: unknown): z.infer<Shape> {
  const result = shape.safeParse(answer);
  if (result.success) return result.data;
  const { code = '', detail = '' } = (answer ?? {}) as { code?: string; detail?: string };
  throw new CarrierFault(`the carrier gave an answer we do not know: ${code} ${detail}`, { cause: result.error });
}

async function exchange(url: URL, key?: string, body?: object): Promise<{ status: number; answer: unknown }> {
  try {
    const response = await fetch(url, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: { ...(body && { 'content-type': 'application/json' }), ...(key && { 'idempotency-key': key }) },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, answer: await response.json() };
  } catch (error) {
    throw new CarrierFault('the carrier did not answer', { cause: error });
  }
}
