import { ApplicationFailure, type SignalDefinition, log, setHandler } from '@temporalio/workflow';
import { Mismatch, type Parser } from './parsing.ts';

// Whatever arrives at a workflow may have been typed by hand into the Temporal Web UI. None of it may fail a workflow
// task: the task would be retried for ever, and the workflow would stand still.

/**
 * What the workflow is started with. Where it does not fit, the workflow ends as Failed, which says that a person must
 * look, and a caller that waits for the result learns why.
 */
export const readInput = <Input>(parse: Parser<Input>, input: unknown): Input => read(parse, input, 'InvalidInput');

/** For an update's validator: refuses a message that does not fit as `InvalidRequest`. */
export const checkMessage = <Message>(parse: Parser<Message>, message: unknown): Message =>
  read(parse, message, 'InvalidRequest');

interface SignalHandling<Message> {
  parse: Parser<Message>;
  take: (message: Message) => void;
  /** Called with the reason when a message is dropped, so that the workflow can show it. */
  dropped: (why: string) => void;
  description: string;
}

/** Handles a signal. A message that does not fit is dropped and logged: a signal has no sender to refuse it to. */
export function onSignal<Message>(
  signal: SignalDefinition<[Message]>,
  { parse, take, dropped, description }: SignalHandling<Message>,
): void {
  const handle = (given?: unknown) => {
    const message = attempt(parse, given);
    if (!(message instanceof Mismatch)) return take(message);
    log.warn('a signal that does not fit was dropped', { signal: signal.name, reason: message.message });
    dropped(`signal ${signal.name} dropped: ${message.message}`);
  };
  setHandler(signal, handle, { description });
}

function read<Value>(parse: Parser<Value>, given: unknown, code: string): Value {
  const value = attempt(parse, given);
  if (value instanceof Mismatch) throw ApplicationFailure.nonRetryable(value.message, code);
  return value;
}

function attempt<Value>(parse: Parser<Value>, given: unknown): Value | Mismatch {
  try {
    return parse(given, 'input');
  } catch (error) {
    if (error instanceof Mismatch) return error;
    throw error;
  }
}
