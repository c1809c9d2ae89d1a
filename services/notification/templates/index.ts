import type { MailTemplate } from '../../../activities/notification.ts';
import { canceled } from './canceled.ts';
import { cartReminder } from './cart-reminder.ts';
import { confirmed } from './confirmed.ts';
import { delivered } from './delivered.ts';
import { type Rendered, type Template, rendered } from './letter.ts';
import { refunded } from './refunded.ts';
import { rejected } from './rejected.ts';
import { shipped } from './shipped.ts';
import { welcome } from './welcome.ts';

const TEMPLATES: Readonly<Record<MailTemplate, Template<never>>> = {
  welcome,
  confirmed,
  rejected,
  shipped,
  delivered,
  canceled,
  refunded,
  'cart-reminder': cartReminder,
};

/** The mail that tells a customer of this name of an event, by its template and data. */
export const render = (template: MailTemplate, data: unknown, name: string): Rendered =>
  rendered(TEMPLATES[template](data as never, name), name);
