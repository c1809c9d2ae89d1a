import type { Shipment } from '../../../activities/shipping.ts';
import type { Account, CarrierItem, OrderAccount } from './account.ts';
import type { Stage } from './stage.ts';

type Type = CarrierItem['type'];

/** The largest number of the carrier's entries of this type for one parcel. */
export const mostAtCarrier =
  (type: Type) =>
  ({ carrier }: Account): number => {
    const numbers = carrier.filter((item) => item.type === type).map(({ trackingNumber }) => trackingNumber);
    return Math.max(0, ...numbers.map((number) => numbers.filter((other) => other === number).length));
  };

/** The status that each shipment of the order must have. */
export const expectedShipments = (account: OrderAccount, stage: Stage): string =>
  oneByOne(parcelIds(account), (id) => expectedStatus(account, stage, id));

/** The status that each has. */
export const foundShipments = (account: OrderAccount): string =>
  oneByOne(parcelIds(account), (id) => {
    const status = asTold(shipmentOf(account, id)?.status ?? 'none');
    // An order service that knows no parcels knows nothing of what happens on their way.
    return parcelsOf(account).length === 0 && ON_THE_WAY.includes(status) ? 'dispatched' : status;
  });

const ON_THE_WAY = ['delayed', 'lost', 'returned_to_sender'];

function expectedStatus(account: OrderAccount, stage: Stage, id: string): string {
  const parcels = parcelsOf(account);
  const canceled = shipmentOf(account, id) ? 'canceled' : 'none';
  if (stage === 'compensated') return canceled;
  if (parcels.length > 0) {
    const status = parcels.find((parcel) => parcel.id === id)?.status ?? 'canceled';
    return status === 'waiting' || status === 'canceled' ? canceled : asTold(status);
  }
  return stage === 'awaitingDispatch' ? 'booked' : stage;
}

/** An order whose parcel is late already is not told that it is delayed. */
const asTold = (status: string): string => (status === 'delayed' ? 'dispatched' : status);

const parcelsOf = ({ order: { parcels = [] } }: OrderAccount) => parcels;
const shipmentOf = ({ shipments }: Account, id: string) => shipments.find(({ parcelId }) => parcelId === id);
/** An order without any has its first one missing. */
function parcelIds(account: OrderAccount): string[] {
  const ids = [...parcelsOf(account).map(({ id }) => id), ...account.shipments.map(({ parcelId }) => parcelId)];
  return ids.length > 0 ? ids : [account.orderId];
}

/** What the carrier must have recorded of each of our shipments, and of parcels that we know nothing of. */
export const expectedAtCarrier = (account: Account): string =>
  oneByOne(trackingNumbers(account), (number) => {
    const shipment = account.shipments.find(({ trackingNumber }) => trackingNumber === number);
    const isBooked = account.carrier.some((item) => item.trackingNumber === number && item.type === 'booking');
    return AT_CARRIER[shipment?.status ?? 'canceled'] ?? (isBooked ? 'booking, cancellation' : 'nothing');
  });

/** What it has recorded. */
export const foundAtCarrier = ({ shipments, carrier }: Account): string =>
  oneByOne(trackingNumbers({ shipments, carrier }), (number) => {
    const types = carrier.filter((item) => item.trackingNumber === number).map(({ type }) => type);
    return TYPES.filter((type) => types.includes(type)).join(', ') || 'nothing';
  });

// If a booking never reached the carrier, there is nothing to cancel there.
const AT_CARRIER: Partial<Record<Shipment['status'], string>> = {
  booked: 'booking',
  dispatched: 'booking, dispatch',
  delayed: 'booking, dispatch',
  lost: 'booking, dispatch',
  returned_to_sender: 'booking, dispatch, return',
  delivered: 'booking, dispatch, delivery',
};
const TYPES: readonly Type[] = ['booking', 'cancellation', 'dispatch', 'delivery', 'return'];

/** The tracking numbers of our shipments; the order's where there are none. */
export const expectedNumbers = ({ order, shipments }: OrderAccount): string =>
  listed(trackingNumbers({ shipments, carrier: [] })) || (order.trackingNumber ?? 'none');

/** Those that any ledger has. */
export const foundNumbers = ({ order, shipments, carrier }: OrderAccount): string =>
  listed([
    ...trackingNumbers({ shipments, carrier }),
    ...(order.trackingNumber === null ? [] : [order.trackingNumber]),
  ]) || 'none';

const trackingNumbers = ({ shipments, carrier }: Pick<Account, 'shipments' | 'carrier'>): string[] =>
  [...shipments, ...carrier].map(({ trackingNumber }) => trackingNumber).filter((number) => number !== null);

const listed = (numbers: readonly string[]): string => [...new Set(numbers)].toSorted().join(', ');

/** What is said of each; the names only where there are several. */
function oneByOne(names: readonly string[], say: (name: string) => string): string {
  const distinct = [...new Set(names)].toSorted();
  if (distinct.length === 0) return 'nothing';
  return distinct.length === 1 ? say(distinct[0]!) : distinct.map((name) => `${name}: ${say(name)}`).join('; ');
}

/** How far the order's goods have got: those of parcels that are not canceled. */
export function progressOf(shipments: readonly Shipment[]): 'noneLeft' | 'someLeft' | 'allLeft' {
  const live = shipments.filter(({ status }) => status !== 'canceled');
  const waiting = live.filter(({ status }) => status === 'booked').length;
  if (waiting === live.length) return 'noneLeft';
  return waiting === 0 ? 'allLeft' : 'someLeft';
}
