import { condition } from '@temporalio/workflow';
import type { ShipmentStatus } from '../../activities/shipping.ts';

// The first question comes when a parcel is usually dispatched; each further one waits twice as long, so that an order
// that takes a year still asks fewer than a dozen times.
const FIRST_QUESTION_MS = 6 * 60 * 60 * 1000;

const ORDER: Record<ShipmentStatus, number> = { booked: 0, canceled: 1, dispatched: 2, delivered: 3 };

interface ParcelNews {
  waiting: (until: Date) => void;
  track: () => Promise<ShipmentStatus | undefined>;
}

/** Where an order's parcel is, by the carrier's updates and, where none comes, by asking. A parcel never moves back. */
export class Parcel {
  #status: ShipmentStatus = 'booked';

  moved(status: ShipmentStatus): void {
    // An unknown status compares as false.
    if (ORDER[status] > ORDER[this.#status]) this.#status = status;
  }

  get dispatched(): boolean {
    return this.#status === 'dispatched' || this.#status === 'delivered';
  }

  get delivered(): boolean {
    return this.#status === 'delivered';
  }

  /** The carrier itself canceled it. */
  get lost(): boolean {
    return this.#status === 'canceled';
  }

  /**
   * Waits until `reached`. `waiting` learns when the carrier is asked next; `track` asks it, and returns undefined where it
   * does not respond.
   */
  async until(reached: () => boolean, { waiting, track }: ParcelNews): Promise<void> {
    for (let waitMs = FIRST_QUESTION_MS; ; waitMs *= 2) {
      if (!reached()) waiting(new Date(Date.now() + waitMs));
      if (await condition(reached, waitMs, { summary: 'until the carrier is asked for news' })) return;
      const status = await track();
      if (status) this.moved(status);
    }
  }
}
