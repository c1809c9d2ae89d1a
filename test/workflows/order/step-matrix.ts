import type { RejectionCode, Step } from '../../../activities/order-status.ts';
import type { StepActivityName } from '../../stage/fake-order-services.ts';

/** The steps with a compensation, in their order: what a lane takes in its own way. For all others see `matrix/table.ts`. */
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

/** The first step of an order placed from a cart. */
export const CART_STEP = {
  step: 'takeLines',
  compensation: 'putLinesBack',
  refusal: 'CartChanged',
  effect: 'take',
  reverse: 'put back',
} as const satisfies (typeof COMPENSABLE)[number];
