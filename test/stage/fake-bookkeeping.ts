import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { ParcelActivities, ParcelStatus, Window } from '../../activities/parcel.ts';
import { type FakeParcel, type OrderWorld, type OrderWorlds, piecesOf } from './order-world.ts';

const PAYMENT_ACTION_MS = 30 * 60 * 1000;

/** The order service's bookkeeping in memory. */
export const createBookkeeping = (worlds: OrderWorlds, returnWindowMs: number): OrderActivities => {
  const write = (note: OrderUpdate, change: (world: OrderWorld) => void) => {
    const world = worlds.of(note.orderId);
    world.addHistory(note);
    change(world);
  };
  return {
    async recordOrder(note) {
      const again = worlds.of(note.orderId).status !== 'draft';
      write(note, (world) => (world.status = again ? world.status : 'pending'));
      return { again };
    },
    noteSteps: async (note) => write(note, () => undefined),
    async awaitCustomer({ customerAction: _action, ...note }) {
      write(note, (world) => (world.paymentStatus = 'awaiting_customer'));
      const askedAt = Date.parse(note.entries.findLast(({ step }) => step === 'confirmPayment')!.at);
      return { expiresAt: new Date(askedAt + PAYMENT_ACTION_MS).toISOString() };
    },
    authorizeOrder: async (note) => write(note, (world) => (world.paymentStatus = 'authorized')),
    releasePayment: async (note) => write(note, () => undefined),
    async confirmOrder({ despiteWithheld, trackingNumber: _trackingNumber, promisedBy: _promisedBy, ...note }) {
      const { status, withheld } = worlds.of(note.orderId);
      if (status !== 'pending' || (withheld && !despiteWithheld)) return;
      write(note, (world) =>
        Object.assign(world, { status: 'confirmed', paymentStatus: 'authorized', fulfillmentStatus: 'booked' }),
      );
    },
    async withholdOrder(note) {
      const confirmed = worlds.of(note.orderId).status === 'confirmed';
      write(note, (world) => (world.withheld = !confirmed));
      return { confirmed };
    },
    rejectOrder: async ({ rejection, paymentStatus, fulfillmentStatus, ...note }) =>
      write(note, (world) => Object.assign(world, { status: 'rejected', rejection, paymentStatus, fulfillmentStatus })),
    cancelOrder: async ({ paymentStatus, fulfillmentStatus, rejection, ...note }) =>
      write(note, (world) => Object.assign(world, { status: 'canceled', rejection, paymentStatus, fulfillmentStatus })),
    ...createParcelBookkeeping(worlds, write, returnWindowMs),
    awaitPaymentMethod: async ({ until: _until, ...note }) =>
      write(note, (world) => (world.paymentStatus = 'awaiting_customer')),
    renewPayment: async ({ paymentMethod: _method, customerAction, ...note }) =>
      write(note, (world) => (world.paymentStatus = customerAction ? 'awaiting_customer' : 'authorized')),
    completeOrder: async (note) => write(note, (world) => (world.status = 'completed')),
    openIntervention: async ({ interventionId, step, reason, paymentStatus, inPlaceOf = [], ...note }) =>
      write(note, (world) => {
        for (const [id, { workflowId, open }] of world.interventions) {
          if (open && inPlaceOf.includes(workflowId)) world.close(id);
        }
        world.open(interventionId, { step, reason, workflowId: note.workflowId });
        if (paymentStatus) world.paymentStatus = paymentStatus;
      }),
    closeIntervention: async ({ interventionId, ...note }) => write(note, (world) => world.close(interventionId)),
    async receiveReturn({ lines, returnId: _returnId, ...note }) {
      write(note, (world) => (world.returnStatus = 'received'));
      const amountMinor = lines.reduce((sum, { quantity }) => sum + 100 * quantity, 0);
      return { refund: { amountMinor, currency: 'GBP' } };
    },
    refundReturn: async ({ returnId: _returnId, ...note }) => write(note, (world) => (world.returnStatus = 'refunded')),
    skipRefund: async ({ returnId: _returnId, paid: _paid, ...note }) =>
      write(note, (world) => (world.returnStatus = 'not_refunded')),
    async takeBackRefund({ refundId, replacementId: _replacementId, amount, ...note }) {
      write(note, (world) => world.once(`take back ${refundId}`, `take back ${amount.amountMinor}`));
      return { taken: true };
    },
    async takeBackCapture({ parcelId, captureId: _captureId, amount, ...note }) {
      write(note, (world) => world.once(`take back ${parcelId}`, `take back ${amount.amountMinor}`));
      return { taken: true };
    },
    endFailedCapture: async ({ captureId: _captureId, outcome, ...note }) =>
      write(note, (world) => (world.recaptureOutcome = outcome)),
    endRefund: async ({ refundId: _refundId, outcome, paid: _paid, ...note }) =>
      write(note, (world) => (world.refundOutcome = outcome)),
    expireReturn: async ({ returnId: _returnId, ...note }) => write(note, (world) => (world.returnStatus = 'expired')),
  };
};

type Write = (note: OrderUpdate, change: (world: OrderWorld) => void) => void;

const createParcelBookkeeping = (worlds: OrderWorlds, write: Write, returnWindowMs: number): ParcelActivities => {
  const rows = (world: OrderWorld) => [...world.parcelRows].filter(([, { status }]) => status !== 'canceled');
  const priceOf = (id: string, { lines, resent }: FakeParcel, world: OrderWorld) =>
    resent || world.captured.has(id) ? 0 : 100 * piecesOf(lines);
  const outstandingOf = (world: OrderWorld) => {
    const minor = rows(world).reduce((sum, [id, parcel]) => sum + priceOf(id, parcel, world), 0);
    return pounds(world.parcelRows.size > 0 ? minor : world.captured.size > 0 ? 0 : 100 * world.pieces);
  };
  /** The window opens once no parcel is on its way. */
  const windowOf = (note: OrderUpdate): Window => {
    const world = worlds.of(note.orderId);
    const settled = rows(world).every(([, { status }]) => status === 'delivered' || status === 'lost');
    if (!settled) return {};
    const from = Date.parse(note.entries.at(-1)!.at);
    return { returnableUntil: new Date(from + returnWindowMs).toISOString() };
  };
  const move = (world: OrderWorld, id: string | undefined, status: ParcelStatus) => {
    const row = world.parcelRows.get(id ?? '');
    if (row) row.status = status;
  };
  return {
    async dispatchOrder({ parcelId, ...note }) {
      write(note, (world) => {
        move(world, parcelId ?? note.orderId, 'dispatched');
        const all = rows(world).every(([, { status }]) => status !== 'booked' && status !== 'waiting');
        world.fulfillmentStatus = all ? 'shipped' : 'partially_shipped';
      });
      const world = worlds.of(note.orderId);
      const row = world.parcelRows.get(parcelId ?? note.orderId);
      return row ? { amount: pounds(priceOf(parcelId!, row, world)), outstanding: outstandingOf(world) } : {};
    },
    captureOrder: async ({ parcelId: _parcelId, captured: _captured, ...note }) =>
      write(note, (world) => {
        if (outstandingOf(world).amountMinor === 0) world.paymentStatus = 'captured';
        // As the order service does it: what is awaited for the rest still shows.
        else if (world.paymentStatus !== 'awaiting_customer') world.paymentStatus = 'partially_captured';
      }),
    async deliverOrder({ parcelId, ...note }) {
      write(note, (world) => {
        move(world, parcelId ?? note.orderId, 'delivered');
        const all = rows(world).every(([, { status }]) => status === 'delivered');
        world.fulfillmentStatus = all ? 'delivered' : 'partially_delivered';
      });
      return windowOf(note);
    },
    requireVersion: async (note) => write(note, () => undefined),
    async replaceParcels({ replaced, parcels, canceledLines = [], shippingAddress: _address, ...note }) {
      write(note, (world) => {
        const ids = [...replaced, ...parcels.map(({ parcelId }) => parcelId)];
        if (!world.isFirst(`replace ${ids.join(' ')}`)) return;
        const resent = replaced.length > 0 && replaced.every((id) => world.parcelRows.get(id)?.resent);
        for (const id of replaced) world.parcelRows.delete(id);
        for (const { parcelId, lines, trackingNumber } of parcels) {
          const status = trackingNumber === null ? 'waiting' : 'booked';
          world.parcelRows.set(parcelId, { status, lines, trackingNumber, resent });
        }
        world.canceledPieces += piecesOf(canceledLines);
      });
      return worlds.of(note.orderId).parcelRows.size > 0 ? windowOf(note) : {};
    },
    async getOutstanding(note) {
      write(note, () => undefined);
      return { outstanding: outstandingOf(worlds.of(note.orderId)) };
    },
    noteParcel: async ({ parcelId, trouble, ...note }) =>
      write(note, (world) => {
        if (world.isFirst(`${parcelId} is ${trouble}`)) world.troubles.push(trouble);
      }),
    async resolveParcel({ parcelId, action, resentAs, note: _note, resolvedBy: _by, ...note }) {
      write(note, (world) => {
        if (action === 'refund') {
          world.once(`refund parcel ${parcelId}`, 'refund parcel');
          move(world, parcelId, 'lost');
        }
        if (!resentAs) return;
        const { parcelId: id, lines, trackingNumber } = resentAs;
        world.parcelRows.delete(parcelId);
        world.parcelRows.set(id, { status: 'booked', lines, trackingNumber, resent: true });
      });
      return action === 'refund' ? windowOf(note) : {};
    },
  };
};

const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });
