import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import type { PaymentStatus } from '../../activities/order-status.ts';
import type { CustomerAction } from '../../activities/payment.ts';
import { type OrderSettings, changeAndNotify } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { json, rfc3339, total } from './event-data.ts';
import { setPaymentStatus, underlyingPaymentStatus, underlyingStatus } from './statuses.ts';

/** The customer of a confirmed order names another payment method, because the card holds the money no longer. */
export function createPaymentMethodActivities(
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'awaitPaymentMethod' | 'renewPayment'> {
  const change = changeAndNotify(db, settings);
  return {
    awaitPaymentMethod({ until: given, ...note }) {
      const until = new Date(given);
      return change(note, {
        appliesIf: sql`${underlyingStatus} = 'confirmed' and (
          ${underlyingPaymentStatus} in ('authorized', 'partially_captured')
          -- Until another time than before, or because the method that they named holds nothing.
          or (${isAwaited} and (payment_method_until <> ${until} or next_action is not null)))`,
        set: { ...setPaymentStatus('awaiting_customer'), payment_method_until: until, next_action: null },
        event: {
          type: 'order.payment_method_required',
          data: sql`${json({ until })} || jsonb_build_object('total', ${total})`,
        },
      });
    },

    renewPayment({ paymentMethod, customerAction, ...note }) {
      const named = {
        payment_method: paymentMethod,
        placed_as: sql<string>`jsonb_build_object('paymentMethod', payment_method) || coalesce(placed_as, '{}')`,
      };
      if (!customerAction) {
        const held = { ...setPaymentStatus(heldAgain), payment_method_until: null, next_action: null };
        return change(note, { appliesIf: isAwaited, set: { ...named, ...held } });
      }
      const action = inTime(customerAction);
      return change(note, {
        appliesIf: sql`${isAwaited}
          and (payment_method <> ${paymentMethod} or next_action is null or next_action <> ${action})`,
        set: { ...named, next_action: action },
      });
    },
  };
}

const isAwaited = sql<boolean>`(${underlyingPaymentStatus} = 'awaiting_customer' and payment_method_until is not null)`;

/** What was captured stays captured. */
const heldAgain: RawBuilder<PaymentStatus> = sql`
  case when captured_minor > 0 then 'partially_captured' else 'authorized' end`;

/** The customer has as long to confirm the method as to name it. */
const inTime = (action: CustomerAction): RawBuilder<string> =>
  sql`(${json(action)} || jsonb_build_object('expiresAt', ${rfc3339(sql`payment_method_until`)}))`;
