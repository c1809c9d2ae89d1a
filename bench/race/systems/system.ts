import type { OrderEndpoint } from '../load.ts';
import type { Needs, Stage } from '../stage.ts';

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
  /** The number of orders so far that were confirmed by the fast way, at a system that has a slow one beside it. */
  countAtOnce?: (stage: Stage) => Promise<number>;
  /** The most clients it is measured with unless the command line says otherwise: with more, an order waits too long. */
  mostClients?: number;
  /** Whether it takes part in the flash sale. */
  flash?: boolean;
  /** Where orders are placed whose parcels will be dispatched and delivered, if it can carry them on. */
  life?: (stage: Stage) => OrderEndpoint;
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
