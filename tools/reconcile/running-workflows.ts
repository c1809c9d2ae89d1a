import { isGrpcServiceError } from '@temporalio/client';
import { checkTemporal } from '../../platform/temporal/check.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import type { TemporalPlace } from '../../platform/temporal/place.ts';
import { Unreachable } from '../api/client.ts';

// The largest page that Temporal gives by default. A million orders under way are a thousand pages.
const PAGE_SIZE = 1_000;
// A page takes 0.3 to 0.7 s on a busy machine, and a restart of the server a few seconds more.
const PAGE_TIMEOUT_MS = 20_000;
const QUERY = `WorkflowType = 'orderWorkflow' AND ExecutionStatus = 'Running'`;
const PREFIX = 'order-';

/**
 * The orders whose workflow runs, in any order, as Temporal's list shows them: it is some milliseconds behind, on a busy
 * server some seconds. A workflow whose id is not an order's is listed by its whole id.
 * @throws {SettingError} the server refuses the certificate or API key, or is refused
 * @throws {Unreachable} the list cannot be read
 */
export async function* runningWorkflows(place: TemporalPlace, pageSize = PAGE_SIZE): AsyncGenerator<string> {
  await checkTemporal(place);
  const client = createTemporalClient(place);
  try {
    // Fails within 5 s where no server responds.
    await client.connection.ensureConnected();
    let nextPageToken: Uint8Array | undefined;
    do {
      const request = {
        namespace: place.namespace,
        query: QUERY,
        pageSize,
        ...(nextPageToken && { nextPageToken }),
      };
      const page = await client.withDeadline(Date.now() + PAGE_TIMEOUT_MS, () =>
        client.workflowService.listWorkflowExecutions(request),
      );
      for (const { execution } of page.executions) yield orderOf(execution?.workflowId ?? '');
      nextPageToken = page.nextPageToken;
    } while (nextPageToken?.length);
  } catch (error) {
    throw new Unreachable(`could not list the workflows of Temporal at ${place.address} (${reasonOf(error)})`, {
      cause: error,
    });
  } finally {
    await client.connection.close();
  }
}

const orderOf = (workflowId: string): string =>
  workflowId.startsWith(PREFIX) ? workflowId.slice(PREFIX.length) : workflowId;

const reasonOf = (error: unknown): string =>
  isGrpcServiceError(error) ? error.details : error instanceof Error ? error.message : String(error);
