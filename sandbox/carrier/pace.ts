import { type Loop, startLoop } from '../loop.ts';
import type { Parcels } from './parcels.ts';

/** Moves every parcel one step, `stepMs` after its last step. Steps that came due during a downtime happen at once. */
export const startPace = (parcels: Parcels, stepMs: number): Loop =>
  startLoop(async () => {
    const next = parcels.nextToMove();
    if (!next) return Infinity;
    const waitMs = next.movedAtMs + stepMs - Date.now();
    if (waitMs > 0) return waitMs;
    parcels.advance(next.trackingNumber);
    return 0;
  });
