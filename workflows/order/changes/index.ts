import type { OrderInProgress } from '../order-in-progress.ts';
import {
  cancelLinesUpdate,
  changeAddressUpdate,
  changePaymentMethodUpdate,
  resolveParcelUpdate,
  splitUpdate,
} from '../change-messages.ts';
import { cancelLines } from './cancel-lines.ts';
import { changeAddress } from './change-address.ts';
import { onChange } from './change.ts';
import { changePaymentMethod } from './change-payment-method.ts';
import { resolveParcel } from './resolve-parcel.ts';
import { split } from './split.ts';

/** Takes the changes that customers and staff ask for. Call it before the workflow first waits. */
export function takeChanges(order: OrderInProgress): void {
  onChange(splitUpdate, order, split);
  onChange(changeAddressUpdate, order, changeAddress);
  onChange(cancelLinesUpdate, order, cancelLines);
  onChange(resolveParcelUpdate, order, resolveParcel);
  onChange(changePaymentMethodUpdate, order, changePaymentMethod);
}
