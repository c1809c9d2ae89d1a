import type { SimulatedFault } from '../outcomes.ts';

/** How the carrier treats a booking to a postal code that it does not simply accept. */
export type Delivery = { undeliverable: true } | { fault: keyof SimulatedFault };

export const POSTAL_CODES: ReadonlyMap<string, Delivery> = new Map<string, Delivery>([
  ['00000', { undeliverable: true }],
  ['00503', { fault: 'unavailable' }],
  ['00408', { fault: 'drops' }],
]);

export function isUndeliverable(postalCode: string | undefined): boolean {
  const delivery = POSTAL_CODES.get(postalCode ?? '');
  return delivery !== undefined && 'undeliverable' in delivery;
}

/** The fault to simulate when a parcel to this postal code is booked. */
export function simulatedFaultAt(postalCode: string | undefined): SimulatedFault {
  const delivery = POSTAL_CODES.get(postalCode ?? '');
  return delivery && 'fault' in delivery ? { [delivery.fault]: true } : {};
}
