import type { RejectionCode, Step } from '../../../activities/order-status.ts';
import type { StepActivityName } from '../../stage/fake-order-services.ts';

/** The steps with a compensation, in their order. The saga's tests are generated from this table. */
export const COMPENSABLE: {
  step: Step & StepActivityName;
  compensation: StepActivityName;
  refusal: RejectionCode;
  effect: string;
  reverse: string;
}[] = [
  { step: 'reserveStock', compensation: 'releaseStock', refusal: 'OutOfStock', effect: 'reserve', reverse: 'release' },
  { step: 'authorizePayment', compensation: 'voidPayment', refusal: 'CardDeclined', effect: 'hold', reverse: 'void' },
  {
    step: 'bookShipment',
    compensation: 'cancelShipment',
    refusal: 'AddressUndeliverable',
    effect: 'book',
    reverse: 'cancel',
  },
];

/** The steps after the dispatch. They have no compensation. */
export const FORWARD_ONLY: { step: Step & StepActivityName; refusal: string; effect: string }[] = [
  { step: 'capturePayment', refusal: 'CaptureRefused', effect: 'capture' },
  { step: 'commitStock', refusal: 'NotReserved', effect: 'commit' },
];

/** The first step of an order placed from a cart. */
export const CART_STEP = {
  step: 'takeLines',
  compensation: 'putLinesBack',
  refusal: 'CartChanged',
  effect: 'take',
  reverse: 'put back',
} as const satisfies (typeof COMPENSABLE)[number];
