import { uuid4 } from '@temporalio/workflow';
import type { StockLine } from '../../activities/identity.ts';
import type { ShipmentStatus } from '../../activities/shipping.ts';
import { Parcel, type ParcelState } from './parcel.ts';

type Known = Pick<ParcelState, 'id' | 'lines'> & Partial<ParcelState>;

/** The parcels of an order, replaced ones left out. */
export class Parcels {
  #parcels: Parcel[];
  /** Being booked: news of them may come at once. */
  readonly #expected = new Map<string, Parcel>();
  /** Those that had left before others took their place. */
  #settled: Parcel[];
  #found: Parcel[] = [];

  /** `settled`: those that had left before others took their place. */
  constructor(parcels: readonly Known[], settled: readonly Known[] = []) {
    this.#parcels = parcels.map((parcel) => new Parcel(parcel));
    this.#settled = settled.map((parcel) => new Parcel(parcel));
  }

  get all(): readonly Parcel[] {
    return this.#parcels;
  }

  get states(): ParcelState[] {
    return this.#parcels.map(({ state }) => state);
  }

  get settledStates(): ParcelState[] {
    return this.#settled.map(({ state }) => state);
  }

  /** Those whose pieces can still be sent in another way. */
  get open(): Parcel[] {
    return this.#parcels.filter(({ open }) => open);
  }

  /** Those that have not left as far as the order's books have followed. */
  get here(): Parcel[] {
    return this.#parcels.filter(({ state }) => state.stage === 'open');
  }

  /** Whether the carrier has, or had, one of them, or one that another has replaced. */
  get someLeft(): boolean {
    return this.#settled.length > 0 || this.#parcels.some(({ left }) => left);
  }

  get allEnded(): boolean {
    return this.#parcels.every(({ ended }) => ended);
  }

  find(id: string): Parcel | undefined {
    return this.#parcels.find((parcel) => parcel.id === id) ?? this.#expected.get(id);
  }

  /** The carrier's news. A parcel that never left and was replaced is nobody's. */
  moved(id: string, status: ShipmentStatus): void {
    const parcel = this.find(id) ?? this.#settled.find((settled) => settled.id === id);
    if (!parcel) return;
    const before = parcel.state.status;
    parcel.moved(status);
    if (parcel.ended && parcel.state.status !== before) this.#found.push(parcel);
  }

  /** Whether the carrier has found parcels that were refunded or sent again. */
  get someFound(): boolean {
    return this.#found.length > 0;
  }

  takeFound(): Parcel[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** A parcel that is about to be booked. */
  expect(lines: StockLine[], more: Partial<ParcelState> = {}): Parcel {
    const parcel = new Parcel({ id: uuid4(), lines, ...more });
    this.#expected.set(parcel.id, parcel);
    return parcel;
  }

  /** Puts parcels in the place of others, which need nothing more. */
  replace(replaced: readonly Parcel[], fresh: readonly Parcel[]): void {
    for (const parcel of replaced) parcel.followed('ended');
    this.#settled = [...this.#settled, ...replaced.filter(({ left }) => left)];
    for (const { id } of fresh) this.#expected.delete(id);
    this.#parcels = [...this.#parcels.filter((parcel) => !replaced.includes(parcel)), ...fresh];
  }

  /** A parcel that was expected is not booked after all. */
  forget({ id }: Parcel): void {
    this.#expected.delete(id);
  }
}
