import type { MailTemplate } from '../../../activities/notification.ts';
import { canceled } from './canceled.ts';
import { cartReminder } from './cart-reminder.ts';
import { changed } from './changed.ts';
import { confirmPayment } from './confirm-payment.ts';
import { confirmed } from './confirmed.ts';
import { delivered } from './delivered.ts';
import { emailVerification } from './email-verification.ts';
import { type Mail, type ProductNames, type Template, layOut } from './layout.ts';
import { parcelTrouble } from './parcel-trouble.ts';
import { passwordReset } from './password-reset.ts';
import { paymentMethodRequired } from './payment-method-required.ts';
import { paymentReleased } from './payment-released.ts';
import { refunded } from './refunded.ts';
import { rejected } from './rejected.ts';
import { shipped } from './shipped.ts';
import { wayToOrder } from './way-to-order.ts';
import { welcome } from './welcome.ts';

const TEMPLATES: Readonly<Record<MailTemplate, Template<never>>> = {
  welcome,
  'confirm-payment': confirmPayment,
  'payment-released': paymentReleased,
  confirmed,
  rejected,
  shipped,
  delivered,
  canceled,
  changed,
  'payment-method-required': paymentMethodRequired,
  'parcel-delayed': parcelTrouble('delayed'),
  'parcel-late': parcelTrouble('late'),
  'parcel-lost': parcelTrouble('lost'),
  'parcel-returned-to-sender': parcelTrouble('returned_to_sender'),
  refunded,
  'cart-reminder': cartReminder,
  'password-reset': passwordReset,
  'email-verification': emailVerification,
};

interface Recipient {
  name: string;
  productNames: ProductNames;
  /** The secret link to the order, for a guest. */
  orderLink?: { url: string; expiresAt: string } | undefined;
}

/** Renders the mail about an event to the customer of this name. */
export function render(template: MailTemplate, data: unknown, { name, productNames, orderLink }: Recipient): Mail {
  const { paragraphs, ...content } = TEMPLATES[template](data as never, productNames);
  return layOut({ ...content, paragraphs: [...paragraphs, ...(orderLink ? wayToOrder(orderLink) : [])] }, name);
}
