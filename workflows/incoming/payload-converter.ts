import { type PayloadConverter, defaultPayloadConverter } from '@temporalio/common';

/** Stands for what cannot be read. No parser accepts it. */
const UNREADABLE = Symbol('unreadable');

/**
 * Reads payloads for workflows. One in an encoding that this platform does not use, as the Temporal Web UI offers them,
 * becomes a value that every parser refuses. The SDK's own converter throws before any handler is called, and a signal
 * like this would fail the workflow's tasks for ever.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<Value>(payload: Parameters<PayloadConverter['fromPayload']>[0]): Value {
    try {
      return defaultPayloadConverter.fromPayload<Value>(payload);
    } catch {
      return UNREADABLE as Value;
    }
  },
};
