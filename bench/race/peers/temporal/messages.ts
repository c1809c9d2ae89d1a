import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CarrierReport } from '../order.ts';
import type { Outcome } from '../saga.ts';

/** Returns when the order is confirmed or rejected. */
export const decidedUpdate = defineUpdate<Outcome>('decided');
export const parcelMovedSignal = defineSignal<[CarrierReport]>('parcelMoved');
