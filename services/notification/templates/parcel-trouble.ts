import type { ParcelTrouble } from '../../../activities/parcel.ts';
import { type Content, type OrderReference, type Template, nameOf } from './layout.ts';
import { timeInWords } from './time.ts';

type Troubled = OrderReference & { trackingNumber: string | null; promisedBy?: string };

interface Told {
  subject: string;
  what: (order: string) => string;
  next: string;
}

const TOLD: Readonly<Record<ParcelTrouble, Told>> = {
  delayed: {
    subject: 'Your parcel is delayed',
    what: (order) => `The carrier reports that a parcel of your order ${order} is delayed.`,
    next: 'It is still on its way. You do not need to do anything.',
  },
  late: {
    subject: 'Your parcel is late',
    what: (order) => `A parcel of your order ${order} should have arrived by now. We have no news of a delivery.`,
    next: 'Our staff looks into it. If the parcel has reached you, please tell us.',
  },
  lost: {
    subject: 'Your parcel is lost',
    what: (order) => `We are sorry: the carrier has lost a parcel of your order ${order}.`,
    next: 'Our staff decides what we do: send the goods again, or give the money for them back. You do not need to do anything.',
  },
  returned_to_sender: {
    subject: 'Your parcel is coming back to us',
    what: (order) => `The carrier could not deliver a parcel of your order ${order}, and it is coming back to us.`,
    next: 'Please check the address that the order shows, and tell us if it is wrong. Our staff then sends the goods again, or gives the money for them back.',
  },
};

/** The mail about a parcel that does not arrive as it should. */
export const parcelTrouble =
  (trouble: ParcelTrouble): Template<Troubled> =>
  ({ trackingNumber, promisedBy, ...order }): Content => {
    const { subject, what, next } = TOLD[trouble];
    return {
      subject,
      paragraphs: [
        what(nameOf(order)),
        ...(promisedBy === undefined ? [] : [`The carrier had promised to deliver it by ${timeInWords(promisedBy)}.`]),
        ...(trackingNumber === null ? [] : [`The carrier's tracking number is ${trackingNumber}.`]),
        next,
      ],
    };
  };
