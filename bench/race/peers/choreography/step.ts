import type { Transaction } from 'kysely';
import { Undone } from '../../../../platform/contract/operation.ts';
import { Refusal } from '../../../../platform/contract/refusal.ts';
import type { InboxDatabase } from '../../../../platform/events/inbox.ts';
import type { OutboxDatabase } from '../../../../platform/events/outbox.ts';

/** What a handler writes, in one transaction: the outgoing event, and that the incoming one is handled. */
export type EventTransaction = Transaction<InboxDatabase & OutboxDatabase>;

/** The result of a step, for the event that says so. `reason` begins with the refusal's code. */
export type Outcome<Answer> = { done: Answer } | { reason: string };

/**
 * Waits for a step of the platform, which commits by itself and is identified by the order. If the process dies before
 * the outgoing event is written, the incoming one is handled again, and the step returns its first response.
 *
 * Undefined if the order was cancelled before the step happened: it is rejected already, so nobody waits for an event.
 * @throws whatever is not a refusal; the inbox then tries the event again
 */
export async function outcomeOf<Answer>(step: Promise<Answer>): Promise<Outcome<Answer> | undefined> {
  try {
    return { done: await step };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code === Undone ? undefined : { reason: `${error.code}: ${error.message}` };
  }
}
