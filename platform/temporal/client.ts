import { Client, Connection } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry-v2/lib/client/index.js';
import { z } from 'zod';

/** Settings of every process that connects to Temporal. */
export const temporalSettings = {
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'must be host:port')
    .default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
};

export interface TemporalPlace {
  address: string;
  namespace: string;
}

// Starting or updating a workflow takes 5 to 30 ms; a server that does not respond for this long is down.
const CALL_TIMEOUT_MS = 5_000;

/** A client that connects at its first use, so that a process can start, and report its state, without a server. */
export function createTemporalClient({ address, namespace }: TemporalPlace): Client {
  const connection = Connection.lazy({ address, connectTimeout: CALL_TIMEOUT_MS });
  return new Client({
    connection,
    namespace,
    interceptors: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] },
  });
}

/** Runs one call with a deadline, so that the caller learns within seconds that the server is down. */
export const promptly = <Result>(client: Client, call: () => Promise<Result>): Promise<Result> =>
  client.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
