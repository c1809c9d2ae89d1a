import type { Door } from '../load.ts';
import type { Needs, Stage } from '../stage.ts';

/** Something that carries an order from placed to confirmed. */
export interface System {
  /** What it is called in the report. */
  row: string;
  /** Its set-up in a sentence, said beside the figures. */
  setUp: string;
  needs: Needs;
  /** Brings it up on a stage; resolves with the door at which orders are placed. */
  start(stage: Stage): Promise<Door>;
  /** Events in the history of an order's workflow, where there is one. */
  historyEvents?: (stage: Stage, orderId: string) => Promise<number>;
}

/** The door that `peers/front.ts` serves. */
export const frontDoor = ({ frontUrl }: Stage): Door => ({
  url: frontUrl,
  request: (order) => ({
    path: '/orders',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  }),
});
