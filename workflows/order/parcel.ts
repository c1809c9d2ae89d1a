import { condition } from '@temporalio/workflow';
import type { ShipmentStatus } from '../../activities/shipping.ts';
import { FIRST_QUESTION_MS } from './messages.ts';

const ORDER: Record<ShipmentStatus, number> = {
  booked: 0,
  canceled: 1,
  dispatched: 2,
  delayed: 3,
  lost: 4,
  returned_to_sender: 5,
  delivered: 6,
};

interface ParcelNews {
  waiting: (until: Date) => void;
  track: () => Promise<ShipmentStatus | undefined>;
  /** How long the parcel was waited for before. */
  waitedMs?: number;
}

// Each question after the first waits twice as long, so that an order that takes a year still asks fewer than a dozen times.
const FACTOR = 2;
// A wait of 0 is no wait for the SDK.
const SHORTEST_MS = 1;

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
  async until(reached: () => boolean, { waiting, track, waitedMs = 0 }: ParcelNews): Promise<void> {
    let waited = waitedMs;
    for (let intervalMs = FIRST_QUESTION_MS; ; intervalMs *= FACTOR) {
      const waitMs = Math.max(SHORTEST_MS, intervalMs - waited);
      waited = 0;
      if (!reached()) waiting(new Date(Date.now() + waitMs));
      if (await condition(reached, waitMs, { summary: 'until the carrier is asked for news' })) return;
      const status = await track();
      if (status) this.moved(status);
    }
  }
}
