import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { promptly } from '../../../platform/temporal/client.ts';

// The largest page that Temporal gives by default. A million orders under way are a thousand pages.
const PAGE_SIZE = 1_000;
// A page takes 0.3 to 0.7 s on a busy machine, and a restart of the server a few seconds more.
const PAGE_TIMEOUT_MS = 20_000;
const QUERY = `WorkflowType = 'orderWorkflow' AND ExecutionStatus = 'Running'`;
const PREFIX = 'order-';

/**
 * The orders whose workflow runs, in any order, as Temporal's list shows them: it is some milliseconds behind, on a busy
 * server some seconds. A workflow whose id is not an order's is listed by its whole id.
 */
export async function* listRunning(client: Client, pageSize = PAGE_SIZE): AsyncGenerator<string> {
  let nextPageToken: Uint8Array | undefined;
  do {
    const request = {
      namespace: client.options.namespace,
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
}

const orderOf = (workflowId: string): string =>
  workflowId.startsWith(PREFIX) ? workflowId.slice(PREFIX.length) : workflowId;

/** Whether the workflow of an order runs, as it is listed by `listRunning`, at this moment. */
export async function isRunning(client: Client, orderId: string): Promise<boolean> {
  // The list has a workflow whose id is not an order's by that id.
  const running = await Promise.all(
    [`${PREFIX}${orderId}`, orderId].map(async (workflowId) => {
      try {
        const { status, type } = await promptly(client, () => client.workflow.getHandle(workflowId).describe());
        return status.name === 'RUNNING' && type === 'orderWorkflow';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    }),
  );
  return running.includes(true);
}
