import { z } from 'zod';
import { cartEvents, RemindOfCart, TakeLines } from '../../../activities/cart.ts';
import { DECISIONS } from '../../../activities/intervention-decisions.ts';
import {
  CancelOrder,
  CloseIntervention,
  ReceiveReturn,
  TakeBackCapture,
} from '../../../activities/order-bookkeeping.ts';
import { OrderStart, PlaceOrder } from '../../../activities/order-placing.ts';
import { DraftReturn } from '../../../activities/return.ts';
import { OrderStatus, PlacingStep } from '../../../activities/order-status.ts';
import { DisputeRef, RefundPayment, RenewHold } from '../../../activities/payment.ts';
import { RecordMovement, Shipment } from '../../../activities/shipping.ts';
import { DeliveryRound } from '../../../activities/webhook.ts';
import { cartChanged, cartReminderInput } from '../../../workflows/cart-reminder/messages.ts';
import { paymentMethodRequest } from '../../../workflows/order/change-messages.ts';
import { cancelRequest, orderInput, parcelMoved, paymentMoved } from '../../../workflows/order/messages.ts';
import { Money } from '../../../activities/money.ts';
import { disputeInput, disputeMoved } from '../../../workflows/dispute/messages.ts';
import { failedCaptureInput } from '../../../workflows/failed-capture/messages.ts';
import { failedRefundInput } from '../../../workflows/failed-refund/messages.ts';
import { latePaymentInput } from '../../../workflows/late-payment/messages.ts';
import type { Parser } from '../../../workflows/incoming/parsing.ts';
import { reconciliationInput } from '../../../workflows/reconciliation/messages.ts';
import { refundInput } from '../../../workflows/refund/messages.ts';
import { receivedGoods, returnInput } from '../../../workflows/return/messages.ts';
import { requiredStepInput } from '../../../workflows/required-step/messages.ts';
import { resolution } from '../../../workflows/saga/messages.ts';
import { strayParcelInput } from '../../../workflows/stray-parcel/messages.ts';
import { webhookDeliveryInput } from '../../../workflows/webhook-delivery/messages.ts';

interface Message {
  parse: Parser<unknown>;
  /** What the services that receive its fields accept. */
  contract: z.ZodType;
  /** A message that has every field. */
  example: unknown;
}

const ID = 'b3b2a1c0-5d4e-4f6a-8b7c-9d0e1f2a3b4c';
const lines = [
  { sku: 'TEA-1.a_b', quantity: 2 },
  { sku: 'm', quantity: 100_000 },
];
const address = { name: 'Ada', line1: ' 1 High St', line2: '', city: 'London', postalCode: 'N1 1AA', country: 'GB' };
const CartChanged = z.object({
  version: cartEvents['cart.changed'].shape.version,
  empty: z.boolean(),
  remindAt: z.iso.datetime(),
});
const cart = { version: 3, empty: false, remindAt: '2028-02-29T12:00:00.000Z' };

const historyCounts = z.record(z.string(), z.int().min(1)).optional();

/** Every message that a workflow reads, by what it is. */
export const MESSAGES: Record<string, Message> = {
  'the input of an order': {
    parse: orderInput,
    contract: z.object({
      ...PlaceOrder.pick({ orderId: true, customerId: true, total: true, paymentMethod: true }).shape,
      // Which countries have postal codes changes; an order under way keeps the address that it was placed with.
      shippingAddress: z.strictObject(PlaceOrder.shape.shippingAddress.shape),
      lines: TakeLines.shape.lines,
      savePaymentMethod: PlaceOrder.shape.savePaymentMethod,
      fromCart: z.boolean().optional(),
      attempt: OrderStart.shape.input.shape.attempt,
    }),
    example: {
      orderId: ID,
      customerId: ID,
      lines,
      total: { amountMinor: 200, currency: 'GBP' },
      paymentMethod: 'pm_card_visa',
      shippingAddress: address,
      savePaymentMethod: true,
      fromCart: true,
      attempt: { confirmedAt: '2028-02-29T12:00:00.000Z', tried: PlacingStep.options },
    },
  },
  'a cancellation': {
    parse: cancelRequest,
    contract: z
      .object({ reason: CancelOrder.shape.reason })
      .optional()
      .transform((given) => given ?? {}),
    example: { reason: 'ordered twice' },
  },
  'another payment method': {
    parse: paymentMethodRequest,
    contract: RenewHold.pick({ paymentMethod: true, customerId: true }).strip(),
    example: { paymentMethod: 'pm_card_visa', customerId: ID },
  },
  'news of a payment': {
    parse: paymentMoved,
    contract: z
      .object({ expiredHoldId: RenewHold.shape.holdId.optional() })
      .optional()
      .transform((given) => given ?? {}),
    example: { expiredHoldId: ID },
  },
  'news of a parcel': {
    parse: parcelMoved,
    contract: z.object({ status: RecordMovement.shape.type, parcelId: Shipment.shape.parcelId.optional() }),
    example: { status: 'dispatched', parcelId: ID },
  },
  'the input of a refund': {
    parse: refundInput,
    contract: RefundPayment.strip(),
    example: { refundId: ID, orderId: ID, amount: { amountMinor: 200, currency: 'GBP' } },
  },
  'the input of a return': {
    parse: returnInput,
    contract: z.object({
      ...DraftReturn.pick({ returnId: true, orderId: true, lines: true }).shape,
      customerId: z.uuid(),
    }),
    example: { returnId: ID, orderId: ID, customerId: ID, lines },
  },
  'the goods of a return': {
    parse: receivedGoods,
    contract: z.object({ lines: ReceiveReturn.shape.lines }),
    example: { lines: lines.map((line) => ({ ...line, condition: 'damaged' })) },
  },
  'a resolution': {
    parse: resolution,
    contract: z.object({
      ...CloseIntervention.pick({ interventionId: true, action: true, note: true }).shape,
      resolvedBy: CloseIntervention.shape.resolvedBy.max(1000),
    }),
    example: { interventionId: ID, action: 'skip', note: 'seen', resolvedBy: 'admin-1' },
  },
  'a change of a cart': { parse: cartChanged, contract: CartChanged, example: cart },
  'the input of a reminder': {
    parse: cartReminderInput,
    contract: z.object({ customerId: RemindOfCart.shape.customerId, latest: CartChanged.optional() }),
    example: { customerId: ID, latest: cart },
  },
  'the input about a stray parcel': {
    parse: strayParcelInput,
    contract: z.object({
      orderId: z.uuid(),
      parcelId: Shipment.shape.parcelId.optional(),
      trackingNumber: RecordMovement.shape.trackingNumber,
      reported: RecordMovement.shape.type,
      contradicts: z.enum(['bookingCanceled', 'workflowEnded']),
      orderStatus: OrderStatus,
      resumption: z.object({ detail: z.string(), historyCounts: historyCounts.unwrap() }).optional(),
    }),
    example: {
      orderId: ID,
      parcelId: ID,
      trackingNumber: 'SB-1042',
      reported: 'dispatched',
      contradicts: 'bookingCanceled',
      orderStatus: 'canceled',
      resumption: {
        detail: 'the carrier says now that the parcel is delivered',
        historyCounts: { 'dispatch failed': 3 },
      },
    },
  },
  'the input of a required step': {
    parse: requiredStepInput,
    contract: z.object({
      orderId: z.uuid(),
      step: z.enum(Object.keys(DECISIONS)),
      calls: z
        .array(
          z.object({
            service: z.enum(['cart', 'inventory', 'payment', 'shipping']),
            activity: z.string(),
            request: z.looseObject({}),
          }),
        )
        .min(1)
        .max(100),
      does: z.enum(['take', 'undo']),
      unless: z.string().optional(),
      trouble: z
        .object({ detail: z.string(), refusal: z.string().optional(), attempt: z.int().min(1).optional() })
        .optional(),
      paymentStatus: z.string().optional(),
      inPlaceOf: z.array(z.string()).max(100).optional(),
      historyCounts,
    }),
    example: {
      orderId: ID,
      step: 'refundPayment',
      calls: [{ service: 'payment', activity: 'refundPayment', request: { refundId: ID } }],
      does: 'take',
      unless: 'AlreadyRefunded',
      trouble: { detail: 'RefundRefused: no', refusal: 'RefundRefused', attempt: 1 },
      paymentStatus: 'requires_action',
      inPlaceOf: [`order-${ID}.${ID}`],
      historyCounts: { 'refundPayment failed': 3 },
    },
  },
  'the input about a late payment': {
    parse: latePaymentInput,
    contract: z.object({ orderId: z.uuid() }),
    example: { orderId: ID },
  },
  'the input about a failed refund': {
    parse: failedRefundInput,
    contract: z.object({ refundId: z.uuid(), orderId: z.uuid(), amount: Money }),
    example: { refundId: ID, orderId: ID, amount: { amountMinor: 500, currency: 'GBP' } },
  },
  'the input about a failed capture': {
    parse: failedCaptureInput,
    contract: TakeBackCapture.pick({ parcelId: true, orderId: true, amount: true })
      .strip()
      .extend({
        before: z
          .object({ replacementId: z.uuid(), historyCounts: historyCounts.unwrap(), why: z.string() })
          .optional(),
      }),
    example: {
      parcelId: ID,
      orderId: ID,
      amount: { amountMinor: 500, currency: 'GBP' },
      before: { replacementId: ID, historyCounts: { 'recapturePayment failed': 2 }, why: 'CardDeclined' },
    },
  },
  'the input about a dispute': {
    parse: disputeInput,
    contract: DisputeRef.strip(),
    example: { disputeId: 'dp_1', orderId: ID },
  },
  'news of a dispute': {
    parse: disputeMoved,
    contract: z
      .object({})
      .optional()
      .transform((given) => given ?? {}),
    example: {},
  },
  'the input of a comparison of the books': {
    parse: reconciliationInput,
    contract: z
      .object({})
      .optional()
      .transform((given) => given ?? {}),
    example: {},
  },
  'the input of a delivery': {
    parse: webhookDeliveryInput,
    contract: z.object(DeliveryRound.shape),
    example: { deliveryId: ID, round: 1 },
  },
};
