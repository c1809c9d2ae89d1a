import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** Counts the requests of a run. */
export interface Tally {
  /** The number of requests by operation, such as `GET /v1/orders/{orderId}`, undeclared methods included. */
  requests: Map<string, number>;
  /** The links that were followed, such as `POST /v1/orders -> [202] readOrder`. */
  followed: Set<string>;
}

/** The parts of schemathesis' report that are used here; each line is an event. */
interface Event {
  ScenarioFinished?: {
    recorder: {
      cases?: Record<string, { value: { method: string; path: string }; transition?: { id: string } | null }>;
    };
  };
}

export async function tallyOf(report: string): Promise<Tally> {
  const tally: Tally = { requests: new Map(), followed: new Set() };
  for await (const line of createInterface({ input: createReadStream(report) })) {
    const { ScenarioFinished: scenario } = JSON.parse(line) as Event;
    for (const { value, transition } of Object.values(scenario?.recorder.cases ?? {})) {
      const operation = `${value.method} ${value.path}`;
      tally.requests.set(operation, (tally.requests.get(operation) ?? 0) + 1);
      // The rest of the name is the link's target.
      if (transition) tally.followed.add(transition.id.split(' -> ').slice(0, 2).join(' -> '));
    }
  }
  return tally;
}
