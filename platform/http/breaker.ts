// One lost connection is bad luck; five in a row, with no answer between them, are an outage.
const FAULTS = 5;
// As long as a request's own tries take: its last one finds the door that has come back.
const PAUSE_MS = 500;

/**
 * Knows whether an address is worth asking: after several faults in a row it lets one request try every half second,
 * and spares the others the wait for a time-out and the service the crowd at its door.
 */
export class Breaker {
  #faults = 0;
  #tryAgainAt = 0;

  /** Whether to ask now. Where it has been broken, the one that is let through is the trial. */
  lets(now = Date.now()): boolean {
    if (this.#faults < FAULTS) return true;
    if (now < this.#tryAgainAt) return false;
    this.#tryAgainAt = now + PAUSE_MS;
    return true;
  }

  /** An answer of any kind: somebody is there. */
  answered(): void {
    this.#faults = 0;
  }

  failed(now = Date.now()): void {
    this.#faults += 1;
    this.#tryAgainAt = now + PAUSE_MS;
  }
}
