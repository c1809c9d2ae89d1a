import { type Kysely, sql } from 'kysely';
import type { ReserveStock } from '../../../../activities/inventory.ts';
import type { AuthorizePayment } from '../../../../activities/payment.ts';
import type { BookShipment, Booking } from '../../../../activities/shipping.ts';
import { createInventoryActivities } from '../../../../services/inventory/activities.ts';
import type { InventoryDatabase } from '../../../../services/inventory/database.ts';
import { createPaymentActivities } from '../../../../services/payment/activities.ts';
import type { PaymentDatabase } from '../../../../services/payment/database.ts';
import type { CardProcessor } from '../../../../services/payment/processor.ts';
import { createShippingActivities } from '../../../../services/shipping/activities.ts';
import type { Carrier } from '../../../../services/shipping/carrier.ts';
import type { ShippingDatabase } from '../../../../services/shipping/database.ts';
import type { Branch } from './branch.ts';
import type { Participants } from './contract.ts';
import type { ParticipantDatabases } from './databases.ts';
import { type Step, createParticipant } from './participant.ts';

type Yes = Record<string, never>;

/** The three participants, each on the database of its service. */
export const PARTICIPANT_OF = {
  inventory: (databases: ParticipantDatabases<InventoryDatabase>): Participants['inventory'] =>
    createParticipant(databases, inventoryStep(databases.waiting)),
  payment: (databases: ParticipantDatabases<PaymentDatabase>, processor: CardProcessor): Participants['payment'] =>
    createParticipant(databases, paymentStep(databases.waiting, processor)),
  shipping: (databases: ParticipantDatabases<ShippingDatabase>, carrier: Carrier): Participants['shipping'] =>
    createParticipant(databases, shippingStep(databases.waiting, carrier)),
};

// Each step is the platform's own function, and so is its compensation, which runs on `waiting` in the service's own
// transactions.

const inventoryStep = (waiting: Kysely<InventoryDatabase>): Step<InventoryDatabase, ReserveStock, Yes> => ({
  service: 'inventory',
  async take(branch, request) {
    await branch.begin();
    await createInventoryActivities(branch.db).reserveStock(request);
    return {};
  },
  voteAgain: async () => ({}),
  undo: createInventoryActivities(waiting).releaseStock,
  isDone: (orderId) => hasEffect(orderId, 'reserveStock'),
});

/** The processor cannot vote: authorizing is its "prepare", and voiding undoes it. */
const paymentStep = (
  waiting: Kysely<PaymentDatabase>,
  processor: CardProcessor,
): Step<PaymentDatabase, AuthorizePayment, Yes> => ({
  service: 'payment',
  async take(branch, request) {
    const activities = createPaymentActivities({ db: branch.db, processor: beginningAfter(processor, branch) });
    await activities.authorizePayment(request);
    return {};
  },
  voteAgain: async () => ({}),
  undo: async (order) => void (await createPaymentActivities({ db: waiting, processor }).voidPayment(order)),
  // The operation stays done when a void came while the processor was asked: only the payment says so.
  isDone: (orderId) => sql<boolean>`exists (
    select from operations join payments using (order_id)
    where order_id = ${orderId} and step = 'authorize' and state = 'done' and not undone)`,
});

/** The carrier cannot vote: booking is its "prepare", and canceling undoes it. */
const shippingStep = (
  waiting: Kysely<ShippingDatabase>,
  carrier: Carrier,
): Step<ShippingDatabase, BookShipment, Booking> => ({
  service: 'shipping',
  async take(branch, request) {
    const book: Carrier['book'] = async (parcel) => {
      const outcome = await carrier.book(parcel);
      if ('trackingNumber' in outcome) await branch.begin();
      return outcome;
    };
    return createShippingActivities(branch.db, { ...carrier, book }).bookShipment(request);
  },
  // The number is in the prepared transaction, where nobody can read it; the carrier has it too.
  async voteAgain({ orderId, address }) {
    const outcome = await carrier.book({ orderId, address });
    if ('refused' in outcome)
      throw new Error(`the carrier has booked order ${orderId} and now says ${outcome.refused}`);
    return outcome;
  },
  undo: createShippingActivities(waiting, carrier).cancelShipment,
  isDone: (orderId) => hasEffect(orderId, 'book'),
});

/** Begins the branch as soon as the processor has said that it holds the money. A refusal is stored without a branch. */
const beginningAfter = (processor: CardProcessor, branch: Branch<PaymentDatabase>): CardProcessor => ({
  ...processor,
  async authorize(effect) {
    const receipt = await processor.authorize(effect);
    await branch.begin();
    return receipt;
  },
  async find(request) {
    const receipt = await processor.find(request);
    if (receipt) await branch.begin();
    return receipt;
  },
});

const hasEffect = (orderId: string, step: string) => sql<boolean>`exists (
  select from effects where subject = ${orderId} and step = ${step} and state = 'done')`;
