import { type EndedOrder, whatIsLeft } from './ended-order.ts';
import { type Template, nameOf } from './layout.ts';

export const canceled: Template<EndedOrder> = (order) => ({
  subject: 'Your order is canceled',
  paragraphs: [`Your order ${nameOf(order)} is canceled.`, ...whatIsLeft(order)],
});
