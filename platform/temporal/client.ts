import { Client, Connection } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry-v2/lib/client/index.js';
import { type TemporalPlace, connectionOptions } from './place.ts';

// Starting or updating a workflow takes 5 to 30 ms; a server that does not respond for this long is down.
const CALL_TIMEOUT_MS = 5_000;

/** A client that connects at its first use, so that a process can start, and report its state, without a server. */
export function createTemporalClient(place: TemporalPlace): Client {
  const connection = Connection.lazy({ ...connectionOptions(place), connectTimeout: CALL_TIMEOUT_MS });
  return new Client({
    connection,
    namespace: place.namespace,
    interceptors: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] },
  });
}

/** Runs one call with a deadline, so that the caller learns within seconds that the server is down. */
export const promptly = <Result>(client: Client, call: () => Promise<Result>): Promise<Result> =>
  client.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
