import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { TemporalPlace } from '../../platform/temporal/place.ts';

/** Connections of one test file to the server. */
export interface TemporalConnections {
  /** The server skips the timers of the workflows that this client starts. */
  client: Client;
  /** The server does not skip their timers. */
  inRealTime: Client;
  /** The options with which a worker connects. */
  worker: { connection: NativeConnection; namespace: string; identity: string };
  close(): Promise<void>;
}

// Recorded histories contain no machine's name.
const IDENTITY = 'stage';

export async function connectToTemporal({ address, namespace }: TemporalPlace): Promise<TemporalConnections> {
  const [native, skipping, realTime] = await Promise.all([
    NativeConnection.connect({ address }),
    Connection.connect({ address }),
    Connection.connect({ address }),
  ]);
  skipTime(skipping);
  return {
    client: new Client({ connection: skipping, namespace, identity: IDENTITY }),
    inRealTime: new Client({ connection: realTime, namespace, identity: IDENTITY }),
    worker: { connection: native, namespace, identity: IDENTITY },
    async close() {
      await Promise.all([skipping.close(), realTime.close()]);
      await native.close();
    },
  };
}

/** Makes the server skip the timers of every workflow started over this connection. The SDK has no option for it. */
function skipTime(connection: Connection): void {
  const service = connection.workflowService;
  const start = service.startWorkflowExecution.bind(service);
  service.startWorkflowExecution = ((request: object, ...rest: unknown[]) =>
    (start as (...all: unknown[]) => unknown)({ ...request, timeSkippingConfig: { enabled: true } }, ...rest)) as never;
}
