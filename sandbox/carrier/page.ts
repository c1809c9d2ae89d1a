import { FAULTS_IN_WORDS } from '../outcomes.ts';
import type { SandboxPage } from '../page.ts';
import { type Delivery, POSTAL_CODES } from './postal-codes.ts';

/** What the carrier shows at `/`. */
export const carrierPage: SandboxPage = {
  title: 'Sandbox carrier',
  about:
    'Stands where a real carrier would, with a ledger of its own. Parcels do not move by themselves, unless CARRIER_PACE_SECONDS says how long a step takes: you move them, as the carrier’s people would. Each step is reported to the platform in a signed callback.',
  table: {
    caption: 'Postal codes',
    columns: ['postalCode', 'What the carrier does'],
    rows: [
      ...[...POSTAL_CODES].map(([code, delivery]) => [code, inWords(delivery)] as const),
      ['any other', 'books the parcel'],
    ],
  },
  examples: (url) => [
    {
      purpose: 'Moves a parcel one step on: first it is dispatched, then delivered. An order shows its trackingNumber.',
      command: `curl -sS -X POST '${url}/shipments/TRACKING-NUMBER/advance'`,
    },
    {
      purpose: 'Reports it as delayed; also lost or returned_to_sender. A parcel that was lost can still be delivered.',
      command: `curl -sS -X POST '${url}/shipments/TRACKING-NUMBER/advance' -H 'Content-Type: application/json' -d '{"to": "delayed"}'`,
    },
    {
      purpose: 'The parcels of an order: each with its parcelId, its status and when it is promised by',
      command: `curl -sS '${url}/shipments?orderId=ORDER-ID'`,
    },
    { purpose: 'Every effect so far, oldest first. Refusals are left out.', command: `curl -sS '${url}/ledger'` },
    { purpose: 'Those of one order', command: `curl -sS '${url}/ledger?orderId=ORDER-ID'` },
  ],
};

function inWords(delivery: Delivery): string {
  return 'fault' in delivery
    ? `a booking: ${FAULTS_IN_WORDS[delivery.fault]}`
    : 'refuses the address: AddressUndeliverable';
}
