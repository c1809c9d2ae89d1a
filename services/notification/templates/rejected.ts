import type { Rejection } from '../../../activities/order-status.ts';
import { type EndedOrder, whatIsLeft } from './ended-order.ts';
import { type Template, nameOf } from './layout.ts';
import { REASONS } from './reasons.ts';

export const rejected: Template<EndedOrder & { rejection: Rejection }> = ({ rejection, ...order }) => ({
  subject: 'We could not accept your order',
  paragraphs: [
    `We are sorry: your order ${nameOf(order)} could not be accepted.`,
    REASONS[rejection.code],
    ...whatIsLeft(order),
  ],
});
