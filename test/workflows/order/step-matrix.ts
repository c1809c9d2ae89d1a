import type { RejectionCode, Step } from '../../../activities/order-status.ts';
import type { StepActivityName } from '../../stage/fake-order-services.ts';

/** The one table that the saga's tests are generated from: each step that can be undone, in order. */
export const UNDOABLE: {
  step: Step & StepActivityName;
  undo: StepActivityName;
  refusal: RejectionCode;
  effect: string;
  reverse: string;
}[] = [
  { step: 'reserveStock', undo: 'releaseStock', refusal: 'OutOfStock', effect: 'reserve', reverse: 'release' },
  { step: 'authorizePayment', undo: 'voidPayment', refusal: 'CardDeclined', effect: 'hold', reverse: 'void' },
  { step: 'bookShipment', undo: 'cancelShipment', refusal: 'AddressUndeliverable', effect: 'book', reverse: 'cancel' },
];

/** The steps after the parcel has left: nothing is undone any more. */
export const FORWARD_ONLY: { step: Step & StepActivityName; refusal: string; effect: string }[] = [
  { step: 'capturePayment', refusal: 'CaptureRefused', effect: 'capture' },
  { step: 'commitStock', refusal: 'NotReserved', effect: 'commit' },
];

/** The step that an order placed from a cart begins with. */
export const TAKEN = {
  step: 'takeLines',
  undo: 'putLinesBack',
  refusal: 'CartChanged',
  effect: 'take',
  reverse: 'put back',
} as const satisfies (typeof UNDOABLE)[number];
