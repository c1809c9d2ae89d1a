import { z } from 'zod';
import { OutsideLedgerPage } from '../../activities/outside-ledger.ts';
import { sendRequest } from '../../platform/http/request.ts';
import { ShipmentStatus } from '../../activities/shipping.ts';
import { Time } from '../../activities/time.ts';
import type { Carrier } from './carrier.ts';
import { type Parcel, parcelOf } from './parcel.ts';

/** The carrier sent no valid response: the requested effect may or may not have happened. */
export class CarrierFault extends Error {
  override readonly name = 'CarrierFault';
}

// It responds in milliseconds; our callers time out after 5 s.
const TIMEOUT_MS = 3_000;

// A booking of an older carrier has no promise.
const Booked = z.object({ trackingNumber: z.string(), promisedBy: Time.nullish() });
const NotBooked = z.object({ code: z.enum(['AddressUndeliverable', 'Canceled']), detail: z.string() });
const Canceled = z.object({ trackingNumber: z.string().nullable() });
const NotCanceled = z.object({ code: z.literal('AlreadyDispatched'), detail: z.string() });
const Parcels = z.object({ items: z.array(z.object({ parcelId: z.string(), status: ShipmentStatus })) });

/** The entries of one order come without a `next`. */
const LedgerPage = OutsideLedgerPage.extend({ next: z.string().nullable().default(null) });

/** The sandbox carrier, over HTTP. */
export function createSandboxCarrier(url: string): Carrier {
  const send = (path: string, key?: string, payload?: object) => exchange(new URL(path, url), key, payload);
  return {
    async book({ address, ...ref }) {
      const parcel = parcelOf(ref);
      const { status, body } = await send('/shipments', `${parcel.parcelId}:book`, { ...named(parcel), address });
      if (status === 201) {
        const { trackingNumber, promisedBy } = parseResponse(Booked, body);
        return { trackingNumber, ...(promisedBy != null && { promisedBy }) };
      }
      const { code, detail } = parseResponse(NotBooked, body);
      return { refused: code, detail };
    },

    async cancel(ref) {
      const parcel = parcelOf(ref);
      const { status, body } = await send('/cancellations', `${parcel.parcelId}:cancel`, named(parcel));
      if (status === 201) return parseResponse(Canceled, body);
      const { code, detail } = parseResponse(NotCanceled, body);
      return { refused: code, detail };
    },

    async find(ref) {
      const { orderId, parcelId } = parcelOf(ref);
      const { body } = await send(`/shipments?orderId=${encodeURIComponent(orderId)}`);
      return parseResponse(Parcels, body).items.find((parcel) => parcel.parcelId === parcelId);
    },

    async readLedger({ after, limit, orderId }) {
      const query = new URLSearchParams({ limit: String(limit) });
      if (after !== undefined) query.set('after', after);
      if (orderId !== undefined) query.set('orderId', orderId);
      return parseResponse(LedgerPage, (await send(`/ledger?${query.toString()}`)).body);
    },
  };
}

/** An order's first parcel is not named: that is the same request as before there were several. */
const named = ({ orderId, parcelId }: Parcel) => (parcelId === orderId ? { orderId } : { orderId, parcelId });

/** Parses a response. An unexpected one is a fault: the outcome of the request is then unknown. */
function parseResponse<Shape extends z.ZodType>(shape: Shape, body: unknown): z.infer<Shape> {
  const result = shape.safeParse(body);
  if (result.success) return result.data;
  const { code = '', detail = '' } = (body ?? {}) as { code?: string; detail?: string };
  throw new CarrierFault(`unexpected response from the carrier: ${code} ${detail}`, { cause: result.error });
}

async function exchange(
  { origin, pathname, search }: URL,
  key?: string,
  payload?: object,
): Promise<{ status: number; body: unknown }> {
  try {
    const { status, text } = await sendRequest({
      method: payload ? 'POST' : 'GET',
      origin,
      path: pathname + search,
      headers: { ...(payload && { 'content-type': 'application/json' }), ...(key && { 'idempotency-key': key }) },
      ...(payload && { body: JSON.stringify(payload) }),
      timeoutMs: TIMEOUT_MS,
    });
    return { status, body: JSON.parse(text) as unknown };
  } catch (error) {
    throw new CarrierFault('the carrier did not respond', { cause: error });
  }
}
