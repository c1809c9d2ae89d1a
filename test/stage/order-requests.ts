import { randomUUID } from 'node:crypto';
import type { ParcelAction } from '../../activities/parcel.ts';
import type { ReceivedLine } from '../../activities/return.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { Schemas } from '../../clients/typescript/index.ts';
import { type ApiResponse, expectStatus, responseOf } from './api-client.ts';
import { type Order, type OrderRequest, type ShopUser, orderRequest } from './shop-users.ts';

export type ParcelOf = NonNullable<Order['parcels']>[number];
export type ListedParcel = Schemas['ListedParcel'];
type Address = OrderRequest['shippingAddress'];
type Refund = Schemas['Refund'];
type SavedPaymentMethod = Schemas['SavedPaymentMethod'];
type Return = Schemas['Return'];

// What customers and staff ask of an order, each with a new Idempotency-Key.

const keyed = () => ({ 'Idempotency-Key': randomUUID() });
const about = (orderId: string) => ({ path: { orderId }, header: keyed() });

/** Another address than that of every other order. */
export const elsewhere = (postalCode = 'E1 6AN'): Address => ({
  ...orderRequest().shippingAddress,
  line1: '9 Low Road',
  postalCode,
});

/** Divides what has not left into parcels with these lines. */
export const split = (caller: ShopUser, orderId: string, ...parcels: StockLine[][]): Promise<ApiResponse<Order>> =>
  responseOf(
    caller.api.POST('/v1/admin/orders/{orderId}/parcels', {
      params: about(orderId),
      body: { parcels: parcels.map((lines) => ({ lines })) },
    }),
  );

export const cancelLines = (
  caller: ShopUser,
  orderId: string,
  lines: StockLine[],
  reason = 'too many',
): Promise<ApiResponse<Order>> =>
  responseOf(caller.api.POST('/v1/orders/{orderId}/cancel', { params: about(orderId), body: { lines, reason } }));

/** The ETag of the order as it is now. */
export async function etagOf(caller: ShopUser, orderId: string): Promise<string> {
  const { headers } = await responseOf(caller.api.GET('/v1/orders/{orderId}', { params: { path: { orderId } } }));
  return headers.get('etag')!;
}

/** `etag` empty: without If-Match. */
export const changeAddress = (
  caller: ShopUser,
  orderId: string,
  { etag, address = elsewhere() }: { etag: string; address?: Address },
): Promise<ApiResponse<Order>> => {
  const header = { ...keyed(), ...(etag && { 'If-Match': etag }) } as { 'Idempotency-Key': string; 'If-Match': string };
  const params = { path: { orderId }, header };
  return responseOf(caller.api.PATCH('/v1/orders/{orderId}', { params, body: { shippingAddress: address } }));
};

export const namePaymentMethod = (
  caller: ShopUser,
  orderId: string,
  paymentMethod: string,
): Promise<ApiResponse<Order>> =>
  responseOf(
    caller.api.POST('/v1/orders/{orderId}/payment-method', { params: about(orderId), body: { paymentMethod } }),
  );

/** The newest payment methods that the caller has saved. */
export const savedMethods = async (caller: ShopUser): Promise<SavedPaymentMethod[]> =>
  (await expectStatus(200, caller.api.GET('/v1/users/me/payment-methods'))).items;

export const removeSavedMethod = (caller: ShopUser, paymentMethodId: string): Promise<ApiResponse<unknown>> =>
  responseOf(
    caller.api.DELETE('/v1/users/me/payment-methods/{paymentMethodId}', { params: { path: { paymentMethodId } } }),
  );

/** Decides about a parcel that is lost or came back. */
export const decide = (
  caller: ShopUser,
  parcelId: string,
  action: ParcelAction,
  note = 'the carrier has said so',
): Promise<ApiResponse<ListedParcel>> =>
  responseOf(
    caller.api.POST('/v1/admin/parcels/{parcelId}/resolve', {
      params: { path: { parcelId }, header: keyed() },
      body: { action, note },
    }),
  );

/** The newest parcels of all orders that fit. */
export async function listedParcels(
  caller: ShopUser,
  query: { late?: boolean; status?: ParcelOf['status'] },
): Promise<ListedParcel[]> {
  const params = { query: { ...query, limit: 100 } };
  return (await expectStatus(200, caller.api.GET('/v1/admin/parcels', { params }))).items;
}

export const askRefund = (caller: ShopUser, orderId: string, amountMinor: number): Promise<ApiResponse<Refund>> =>
  responseOf(
    caller.api.POST('/v1/admin/orders/{orderId}/refunds', {
      params: about(orderId),
      body: { amount: { amountMinor, currency: 'GBP' }, reason: 'goodwill' },
    }),
  );

export const askReturn = (caller: ShopUser, orderId: string, lines: StockLine[]): Promise<ApiResponse<Return>> =>
  responseOf(
    caller.api.POST('/v1/orders/{orderId}/returns', { params: about(orderId), body: { lines, reason: 'too many' } }),
  );

export const receiveReturn = (
  caller: ShopUser,
  returnId: string,
  lines: ReceivedLine[],
): Promise<ApiResponse<Return>> =>
  responseOf(
    caller.api.POST('/v1/returns/{returnId}/receive', {
      params: { path: { returnId }, header: keyed() },
      body: { lines },
    }),
  );
