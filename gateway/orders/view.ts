import { z } from 'zod';
import { ShippingAddress } from '../../activities/address.ts';
import { Quantity, Sku, StockLine } from '../../activities/identity.ts';
import { Money, times } from '../../activities/money.ts';
import {
  FulfillmentStatus,
  OrderAction,
  OrderStatus,
  PaymentStatus,
  Rejection,
} from '../../activities/order-status.ts';
import { Contact } from '../../activities/order-search.ts';
import { NextAction, type Order, WaitsFor } from '../../activities/order.ts';
import { MUG, MUG_MINOR } from '../openapi/examples.ts';
import { ParcelView, parcelViewOf } from './parcel-view.ts';

const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });

/** An order as callers see it. */
export const OrderView = z
  .object({
    id: z.string(),
    number: z.string(),
    contact: Contact.optional().meta({ description: 'who ordered, where it is known; only for staff' }),
    status: OrderStatus,
    paymentStatus: PaymentStatus,
    fulfillmentStatus: FulfillmentStatus,
    lines: z.array(z.object({ sku: Sku, name: z.string(), quantity: Quantity, unitPrice: Money, total: Money })),
    total: Money,
    captured: Money.optional(),
    refunded: Money.optional(),
    shippingAddress: ShippingAddress,
    rejection: Rejection.optional(),
    nextAction: NextAction.optional(),
    trackingNumber: z.string().optional(),
    parcels: z
      .array(ParcelView)
      .optional()
      .meta({ description: 'how it travels, without canceled parcels; empty before it is booked' }),
    canceledLines: z
      .array(StockLine)
      .optional()
      .meta({ description: 'the pieces that are not sent, if there are any' }),
    waitsFor: WaitsFor.optional().meta({
      description:
        'what it waits for, and until when; `payment_confirmation` and `payment_method`: its customer; `person` and ' +
        '`parcel_decision`: staff',
    }),
    allowedActions: z.array(OrderAction),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({
    id: 'Order',
    examples: [
      {
        id: '6d1f0c1e-8f57-8a3e-9d55-0e0a4f0f8b9c',
        number: '10042',
        status: 'confirmed',
        paymentStatus: 'authorized',
        fulfillmentStatus: 'booked',
        lines: [{ ...MUG, quantity: 6, unitPrice: pounds(MUG_MINOR), total: pounds(6 * MUG_MINOR) }],
        total: pounds(6 * MUG_MINOR),
        captured: pounds(0),
        refunded: pounds(0),
        shippingAddress: {
          name: 'Ada Lovelace',
          line1: '12 High St',
          city: 'London',
          postalCode: 'SW1Y',
          country: 'GB',
        },
        trackingNumber: 'SB-1042',
        parcels: [
          {
            id: '6d1f0c1e-8f57-8a3e-9d55-0e0a4f0f8b9c',
            status: 'booked',
            lines: [{ sku: MUG.sku, quantity: 6 }],
            trackingNumber: 'SB-1042',
            promisedBy: '2026-01-08T18:00:00.000Z',
          },
        ],
        waitsFor: { what: 'dispatch' },
        allowedActions: ['cancel', 'cancel_lines', 'change_address'],
        createdAt: '2026-01-05T09:00:00.000Z',
        updatedAt: '2026-01-05T09:00:01.000Z',
      },
    ],
  });
export type OrderView = z.infer<typeof OrderView>;

/** The order for `reader`. Only the customer learns what they must do: it may be a secret. */
export function viewOf(order: Order, reader: { id: string }): OrderView {
  const { rejection, captured, refunded, trackingNumber, parcels, canceledLines = [], waitsFor } = order;
  const nextAction = reader.id === order.customerId ? order.nextAction : null;
  return {
    id: order.id,
    number: order.number,
    status: order.status,
    paymentStatus: order.paymentStatus,
    fulfillmentStatus: order.fulfillmentStatus,
    lines: order.lines.map((line) => ({ ...line, total: times(line.unitPrice, line.quantity) })),
    total: order.total,
    ...(captured && { captured }),
    ...(refunded && { refunded }),
    shippingAddress: order.shippingAddress,
    ...(rejection && { rejection }),
    ...(nextAction && { nextAction }),
    ...(trackingNumber !== null && { trackingNumber }),
    ...(parcels && { parcels: parcels.map(parcelViewOf) }),
    ...(canceledLines.length > 0 && { canceledLines }),
    ...(waitsFor && { waitsFor }),
    allowedActions: order.allowedActions,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
  };
}
