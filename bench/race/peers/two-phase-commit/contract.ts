import { z } from 'zod';
import { OrderRef } from '../../../../activities/identity.ts';
import { ReserveStock } from '../../../../activities/inventory.ts';
import { AuthorizePayment } from '../../../../activities/payment.ts';
import { BookShipment, Booking } from '../../../../activities/shipping.ts';
import { type Implementation, Nothing, operation } from '../../../../platform/contract/operation.ts';

/**
 * What the coordinator asks a participant over HTTP. Every operation may be repeated and may arrive late; the requests of
 * one order take turns at the participant.
 */
const participant = <Request extends z.ZodType, Vote extends z.ZodType>(request: Request, vote: Vote) => ({
  /**
   * The first phase. A response is the vote "yes": the step is done, is on disk, and waits for the decision, whatever
   * crashes. A refusal is the vote "no": nothing waits. After any other error the vote is unknown.
   */
  prepare: operation({ request, response: vote }),
  /** Carries out the decision to commit. Fails if the step is neither prepared nor committed. */
  commit: operation({ request: OrderRef }),
  /** Carries out the decision to abort, even if the step was never prepared: it then cannot be prepared any more. */
  abort: operation({ request: OrderRef }),
  /** The orders whose step waits for a decision. */
  listPrepared: operation({ request: Nothing, response: z.object({ orderIds: z.array(z.uuid()) }) }),
});

const Yes = z.object({});

export const PARTICIPANTS = {
  inventory: participant(ReserveStock, Yes),
  payment: participant(AuthorizePayment, Yes),
  shipping: participant(BookShipment, Booking),
};
export type ParticipantName = keyof typeof PARTICIPANTS;

/** The participants, as the coordinator calls them. */
export type Participants = { [Name in ParticipantName]: Implementation<(typeof PARTICIPANTS)[Name]> };

/** The participant named on the command line of a program. */
export function participantNamed(name: string | undefined): ParticipantName {
  if (name !== undefined && name in PARTICIPANTS) return name as ParticipantName;
  throw new Error(`unknown participant ${name ?? '(none)'}; choose from ${Object.keys(PARTICIPANTS).join(', ')}`);
}
