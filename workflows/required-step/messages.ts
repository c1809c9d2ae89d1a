import { type AskedStep, DECISIONS } from '../../activities/intervention-decisions.ts';
import type { PaymentStatus } from '../../activities/order-status.ts';
import { type Parser, integer, list, oneOf, record, string } from '../incoming/parsing.ts';
import { counts, uuid } from '../incoming/values.ts';
import type { Answered } from '../saga/required-step.ts';
import type { ServiceCall } from '../saga/step-services.ts';
import type { Trouble } from '../saga/trouble.ts';

/** What the workflow of a required step is started with: by the workflow that requires the step, or by itself. */
export interface RequiredStepInput {
  orderId: string;
  step: AskedStep;
  calls: ServiceCall[];
  does: 'take' | 'undo';
  unless?: string | undefined;
  trouble?: Trouble | undefined;
  /** What was answered before, by call; null: not yet. */
  answered?: readonly (Answered | null)[] | undefined;
  paymentStatus?: PaymentStatus | undefined;
  /** The workflows that an operator has ended, and in whose place this one asks. */
  inPlaceOf?: string[] | undefined;
  /** How often the step has had each outcome, where the workflow begins again with a history of its own. */
  historyCounts?: Record<string, number> | undefined;
}

/** At most this many are kept, the newest: nobody terminates more in a row. */
export const MOST_ENDED = 100;

/** The service that is asked reads it. */
const request: Parser<object> = (value, at) => {
  record({}, { others: 'left out' })(value, at);
  return value as object;
};
const call: Parser<ServiceCall> = record(
  { service: oneOf('cart', 'inventory', 'payment', 'shipping'), activity: string(), request },
  { others: 'left out' },
);
/** The workflow that waits reads it. */
const answered: Parser<Answered | null> = (value, at) => (value === null ? null : request(value, at));
const trouble = record(
  { detail: string() },
  { optional: { refusal: string(), attempt: integer({ min: 1 }) }, others: 'left out' },
) as Parser<Trouble>;
const asked = Object.keys(DECISIONS) as AskedStep[];
const paymentStatus = string() as Parser<PaymentStatus>;
export const requiredStepInput: Parser<RequiredStepInput> = record(
  { orderId: uuid, step: oneOf(...asked), calls: list(call, { min: 1, max: 100 }), does: oneOf('take', 'undo') },
  {
    optional: {
      unless: string(),
      trouble,
      answered: list(answered, { max: 100 }),
      paymentStatus,
      inPlaceOf: list(string(), { max: MOST_ENDED }),
      historyCounts: counts,
    },
    others: 'left out',
  },
);

/** Begins with the id of the workflow that requires the step, before a full stop, which no other id has. */
export const requiredStepId = (requiredBy: string, uuid: string): string => `${requiredBy}.${uuid}`;
