// What a replay depends on, so that of two histories with the same shape one is enough.

interface Event {
  eventType: string;
  [attributes: string]: unknown;
}

// What differs between two runs of the same code.
const ACCIDENTAL = new Set(
  `eventId eventTime taskId version workerVersion taskQueue identity requestId originalExecutionRunId firstExecutionRunId
  workflowId runId newExecutionRunId continuedExecutionRunId workflowTaskCompletedEventId scheduledEventId startedEventId
  historySizeBytes suggestContinueAsNew protocolInstanceId acceptedRequestMessageId acceptedRequestSequencingEventId updateId
  startToFireTimeout attempt startedTime lastFailure binaryChecksum sdkMetadata meteringMetadata userMetadata meta
  buildId deploymentVersion workflowTaskTimeout workflowExecutionExpirationTime`.split(/\s+/),
);
const NAMES = ['activityType', 'activityId', 'signalName', 'markerName', 'timerId'];

/** The events in their order, with their names, and which fields their payloads have. */
export const shapeOf = (history: unknown): string =>
  JSON.stringify(
    (history as { events: Event[] }).events.map((event) => {
      const [attributes = {}] = Object.entries(event)
        .filter(([name]) => name.endsWith('EventAttributes'))
        .map(([, value]) => value as Record<string, unknown>);
      return [event.eventType, NAMES.map((name) => attributes[name]), typeShape(attributes)];
    }),
  );

function typeShape(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(typeShape(item))))];
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  if ('metadata' in value && 'data' in value) return payloadShape(String(value.data));
  const fields = Object.entries(value).filter(([name]) => !ACCIDENTAL.has(name));
  return fields
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, field]) => [/^[a-z][A-Za-z ]*$/.test(name) ? name : '', typeShape(field)]);
}

function payloadShape(base64: string): unknown {
  const text = Buffer.from(base64, 'base64').toString();
  try {
    return typeShape(JSON.parse(text));
  } catch {
    return 'binary';
  }
}
