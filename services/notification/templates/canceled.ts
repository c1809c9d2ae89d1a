import type { Rejection } from '../../../activities/order-status.ts';
import { type EndedOrder, whatIsLeft } from './ended-order.ts';
import { type Template, nameOf } from './layout.ts';
import { REASONS } from './reasons.ts';

/** With a `rejection` if the order could not be paid for any longer; without one a person canceled it. */
type Canceled = EndedOrder & { rejection?: Rejection };

export const canceled: Template<Canceled> = ({ rejection, ...order }) => ({
  subject: 'Your order is canceled',
  paragraphs: [
    `Your order ${nameOf(order)} is canceled.`,
    ...(rejection ? [REASONS[rejection.code]] : []),
    ...whatIsLeft(order),
  ],
});
