import { type OrderReference, type Template, nameOf } from './layout.ts';
import { timeInWords } from './time.ts';

type Unpaid = OrderReference & { until: string };

export const paymentMethodRequired: Template<Unpaid> = ({ until, ...order }) => ({
  subject: 'Please choose another way to pay',
  paragraphs: [
    `The money for your order ${nameOf(order)} is not reserved on your card any more, and your bank did not let us reserve it again.`,
    'Open the order in our shop and choose another payment method.',
    `We keep the goods for you until ${timeInWords(until)}. After that we cancel what has not left, and charge nothing for it.`,
  ],
});
