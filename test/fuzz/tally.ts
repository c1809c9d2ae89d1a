import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What a run has asked. */
export interface Tally {
  /** How often, by `GET /v1/orders/{orderId}`; methods that no operation has are among them. */
  asked: Map<string, number>;
  /** The links that requests were made of, as `POST /v1/orders -> [202] readOrder`. */
  followed: Set<string>;
}

/** The parts of schemathesis' report, an event a line, that are of interest here. */
interface Event {
  ScenarioFinished?: {
    recorder: {
      cases?: Record<string, { value: { method: string; path: string }; transition?: { id: string } | null }>;
    };
  };
}

export async function tallyOf(report: string): Promise<Tally> {
  const tally: Tally = { asked: new Map(), followed: new Set() };
  for await (const line of createInterface({ input: createReadStream(report) })) {
    const { ScenarioFinished: scenario } = JSON.parse(line) as Event;
    for (const { value, transition } of Object.values(scenario?.recorder.cases ?? {})) {
      const operation = `${value.method} ${value.path}`;
      tally.asked.set(operation, (tally.asked.get(operation) ?? 0) + 1);
      // The rest of its name is where it leads.
      if (transition) tally.followed.add(transition.id.split(' -> ').slice(0, 2).join(' -> '));
    }
  }
  return tally;
}
