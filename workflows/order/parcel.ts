import { condition } from '@temporalio/workflow';
import type { StockLine } from '../../activities/identity.ts';
import type { ShipmentStatus } from '../../activities/shipping.ts';
import { FIRST_QUESTION_MS } from './messages.ts';

const ORDER: Record<ParcelState['status'], number> = {
  waiting: -1,
  booked: 0,
  canceled: 1,
  dispatched: 2,
  delayed: 3,
  lost: 4,
  returned_to_sender: 5,
  delivered: 6,
};

/** What is known of a parcel. */
export interface ParcelState {
  id: string;
  lines: StockLine[];
  /** By the carrier's news. `waiting`: it is not booked before the order is paid for again. */
  status: ShipmentStatus | 'waiting';
  /** How far the order's books have followed. `ended`: it needs nothing more. */
  stage: 'open' | 'dispatched' | 'ended';
  /** When the carrier promises to deliver it by, in milliseconds. */
  promisedBy?: number | undefined;
  /** The last trouble that its customer was told of. */
  told?: 'delayed' | 'late' | 'lost' | 'returned_to_sender' | undefined;
  /** It is leaving, and the order's books follow. */
  leaving?: true | undefined;
  /** Its money is captured. */
  paid?: true | undefined;
}

interface ParcelNews {
  waiting: (until: Date) => void;
  /** Does what is due, and asks the carrier. */
  look: () => Promise<void>;
  /** When something is due at the latest, in milliseconds. */
  due?: () => number;
  /** Whether something is to be done now, although nothing was due. */
  urgent?: () => boolean;
  /** How long the parcel was waited for before. */
  waitedMs?: number;
}

// Each question after the first waits twice as long, so that an order that takes a year still asks fewer than a dozen times.
const FACTOR = 2;
// A wait of 0 is no wait for the SDK.
const SHORTEST_MS = 1;

/** One parcel of an order, by the carrier's updates and, where none comes, by asking. A parcel never moves back. */
export class Parcel {
  readonly #state: ParcelState;

  constructor(state: Pick<ParcelState, 'id' | 'lines'> & Partial<ParcelState>) {
    this.#state = { status: 'booked', stage: 'open', ...state };
  }

  get state(): Readonly<ParcelState> {
    return this.#state;
  }

  get id(): string {
    return this.#state.id;
  }

  get lines(): StockLine[] {
    return this.#state.lines;
  }

  moved(status: ShipmentStatus): void {
    // An unknown status compares as false. A parcel that was found again is on its way as before.
    if (ORDER[status] > ORDER[this.#state.status]) this.#state.status = status;
  }

  promised(by: string | undefined): void {
    if (by !== undefined) this.#state.promisedBy = Date.parse(by);
  }

  /** The carrier has, or had, the parcel. */
  get left(): boolean {
    return ORDER[this.#state.status] >= ORDER.dispatched;
  }

  get delivered(): boolean {
    return this.#state.status === 'delivered';
  }

  /** The carrier itself canceled it. */
  get gone(): boolean {
    return this.#state.status === 'canceled';
  }

  get waits(): boolean {
    return this.#state.status === 'waiting';
  }

  get ended(): boolean {
    return this.#state.stage === 'ended';
  }

  /** Whether its pieces can still be sent in another way. */
  get open(): boolean {
    return this.#state.stage === 'open' && !this.left;
  }

  /** Whether staff must decide what becomes of it. */
  get failed(): boolean {
    const { stage, status } = this.#state;
    return stage === 'dispatched' && (status === 'lost' || status === 'returned_to_sender');
  }

  /** The order's books begin to follow. */
  leaves(): void {
    this.#state.leaving = true;
  }

  paid(): void {
    this.#state.paid = true;
  }

  /** The order's books have followed: it has left, or it needs nothing more. */
  followed(stage: 'dispatched' | 'ended'): void {
    this.#state.stage = stage;
  }

  /** Trouble that its customer was not told of yet. */
  get trouble(): ParcelState['told'] {
    const { status, told, promisedBy } = this.#state;
    if (status === 'lost' || status === 'returned_to_sender') return status === told ? undefined : status;
    if (status === 'delayed' && told === undefined) return 'delayed';
    const late = promisedBy !== undefined && promisedBy <= Date.now() && !this.delivered;
    return late && told !== 'late' ? 'late' : undefined;
  }

  told(trouble: ParcelState['told']): void {
    this.#state.told = trouble;
  }

  /**
   * Waits until `reached`. `waiting` learns when the carrier is asked next.
   */
  async until(
    reached: () => boolean,
    { waiting, look, due = () => Infinity, urgent = () => false, waitedMs = 0 }: ParcelNews,
  ): Promise<void> {
    let waited = waitedMs;
    for (let intervalMs = FIRST_QUESTION_MS; ; intervalMs *= FACTOR) {
      const waitMs = Math.max(SHORTEST_MS, Math.min(intervalMs - waited, due() - Date.now()));
      waited = 0;
      if (!reached()) waiting(new Date(Date.now() + waitMs));
      const news = () => reached() || urgent();
      if ((await condition(news, waitMs, { summary: 'until the carrier is asked for news' })) && reached()) return;
      await look();
    }
  }
}
