import type { OrderEndpoint } from '../load.ts';
import type { Needs, Stage } from '../stage.ts';

/** What of a system faults can hit, and what it says and does about orders that do not go on. */
export interface UnderFaults {
  /** The processes that carry out steps. */
  services: readonly string[];
  /** The processes that decide what is done next: coordinator, worker, engine. */
  deciders: readonly string[];
  /** Whether an order goes on without its customer. */
  resumes: boolean;
  /** The orders that have not ended, with the reason, by the system's own means. Absent: it has none. */
  unfinished?: (stage: Stage) => Promise<Map<string, string>>;
  /** Has the system end what has not ended, by its own means. Absent: it has none, or needs none. */
  repair?: (stage: Stage) => Promise<void>;
  /** Where one looks to see how an order stands. */
  lookAt: string;
}

/** A system that carries orders from placed to confirmed. */
export interface System {
  /** Its name in the report. */
  row: string;
  /** A description of its set-up, printed with the results. */
  setUp: string;
  /** The checkout that has its programs, if it is not this one. */
  root?: string;
  needs: Needs;
  /** Starts it on a stage; returns where orders are placed. */
  start(stage: Stage): Promise<OrderEndpoint>;
  /** The number of events in the history of an order's workflow, if it has one. */
  historyEvents?: (stage: Stage, orderId: string) => Promise<number>;
  /** The number of order workflows started so far, if each order has one. It may be started after the response. */
  countWorkflows?: (stage: Stage) => Promise<number>;
  /** The number of orders whose work goes on after the response, if it does. It becomes 0 when no more orders come. */
  countUnfinished?: (stage: Stage) => Promise<number>;
  /** The number of orders so far that were confirmed by the fast way, at a system that has a slow one beside it. */
  countAtOnce?: (stage: Stage) => Promise<number>;
  /** The most clients it is measured with unless the command line says otherwise: with more, an order waits too long. */
  mostClients?: number;
  /** Whether it takes part in the flash sale. */
  flash?: boolean;
  /** Where orders are placed whose parcels will be dispatched and delivered, if it can carry them on. */
  life?: (stage: Stage) => OrderEndpoint;
  /** If it takes part in the runs with faults. */
  underFaults?: UnderFaults;
}

/** The endpoint that `peers/front.ts` serves. */
export const frontEndpoint = ({ frontUrl }: Stage, path = '/orders'): OrderEndpoint => ({
  url: frontUrl,
  request: (order) => ({
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  }),
});
