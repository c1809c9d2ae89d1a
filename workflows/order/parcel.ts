import { condition } from '@temporalio/workflow';
import type { ShipmentStatus } from '../../activities/shipping.ts';

// The first question comes when an ordinary day's dispatch should have been told; each further one waits twice as
// long, so that an order that takes a year still costs fewer than a dozen questions of its history.
const FIRST_QUESTION_MS = 6 * 60 * 60 * 1000;

const ORDER: Record<ShipmentStatus, number> = { booked: 0, canceled: 1, dispatched: 2, delivered: 3 };

/** Where an order's parcel is, by the carrier's news and, where none comes, by asking. A parcel never moves back. */
export class Parcel {
  #status: ShipmentStatus = 'booked';

  moved(status: ShipmentStatus): void {
    // Words that mean nothing here compare as false.
    if (ORDER[status] > ORDER[this.#status]) this.#status = status;
  }

  get dispatched(): boolean {
    return this.#status === 'dispatched' || this.#status === 'delivered';
  }

  get delivered(): boolean {
    return this.#status === 'delivered';
  }

  /** The carrier itself gave it up. */
  get lost(): boolean {
    return this.#status === 'canceled';
  }

  /** Waits until `reached`. `track` asks the carrier, and answers undefined where it could not be asked. */
  async until(reached: () => boolean, track: () => Promise<ShipmentStatus | undefined>): Promise<void> {
    for (let patience = FIRST_QUESTION_MS; ; patience *= 2) {
      if (await condition(reached, patience, { summary: 'until the carrier is asked for news' })) return;
      const status = await track();
      if (status) this.moved(status);
    }
  }
}
