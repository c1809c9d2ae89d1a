import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError, isGrpcServiceError } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import { promptly } from '../../platform/temporal/client.ts';
import { ToolError } from '../command-line.ts';

/** A workflow that runs, at its own time. */
export interface Standing {
  workflowId: string;
  /** The time that the workflow sees. */
  at: Date;
  /** Where it stands and what it waits for, as plain text. Empty if it does not say. */
  waitsFor: string;
}

// gRPC status code: time skipping is not enabled.
const UNIMPLEMENTED = 12;
const POLL_MS = 100;
// Two days of an order with a question to the carrier every six hours take 8 s. A step that is retried takes longer.
const TIMEOUT_MS = 120_000;

/** Where a workflow stands; undefined if it does not run. */
export async function standingOf(client: Client, workflowId: string): Promise<Standing | undefined> {
  const known = await describe(client, workflowId);
  if (known?.status.name !== 'RUNNING') return undefined;
  const { currentTime } = known.raw.workflowExtendedInfo?.timeSkippingInfo ?? {};
  const at = currentTime ? new Date(tsToMs(currentTime)) : new Date();
  return { workflowId, at, waitsFor: firstLine(await detailsOf(client, workflowId, known)) };
}

/**
 * Moves the time of a running workflow by this much: its timers fire in their order as their time comes. Waits until the
 * time is there, or the workflow has ended. Afterwards its time passes as usual, ahead of everybody else's.
 * @throws {ToolError} the server does not move time, or the time does not come within two minutes
 */
export async function fastForward(client: Client, workflowId: string, durationMs: number): Promise<void> {
  const fastForwardConfig = { id: randomUUID(), duration: msToTs(durationMs) };
  await promptly(client, () =>
    client.workflowService.updateWorkflowExecutionOptions({
      namespace: client.options.namespace,
      workflowExecution: { workflowId },
      workflowExecutionOptions: { timeSkippingConfig: { enabled: true, fastForwardConfig } },
      updateMask: { paths: ['time_skipping_config'] },
    }),
  ).catch((cause: unknown) => {
    if (!isGrpcServiceError(cause) || cause.code !== UNIMPLEMENTED) throw cause;
    throw new ToolError(`the Temporal server does not move time (${cause.details}): start the platform again`, {
      cause,
    });
  });
  const deadline = Date.now() + TIMEOUT_MS;
  while (await isMoving(client, workflowId)) {
    if (Date.now() > deadline) {
      throw new ToolError(
        `the time of ${workflowId} does not come: it stands still while a step is under way. It moves on once the step has ended`,
      );
    }
    await sleep(POLL_MS);
  }
}

/** The server disables time skipping once the time has come. */
async function isMoving(client: Client, workflowId: string): Promise<boolean> {
  const known = await describe(client, workflowId);
  if (known?.status.name !== 'RUNNING') return false;
  return known.raw.workflowExtendedInfo?.timeSkippingInfo?.effectiveConfig?.enabled === true;
}

type Description = NonNullable<Awaited<ReturnType<typeof describe>>>;

async function describe(client: Client, workflowId: string) {
  try {
    return await promptly(client, () => client.workflow.getHandle(workflowId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** What the Web UI shows as current details; before the first task, the details that the workflow was started with. */
async function detailsOf(client: Client, workflowId: string, description: Description): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  const metadata = await promptly(client, () =>
    handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata'),
  ).catch(() => undefined);
  return metadata?.currentDetails ?? (await description.staticDetails()) ?? '';
}

/** Without the Markdown that `workflows/display` writes. */
const firstLine = (details: string): string =>
  details
    .split('\n')[0]!
    .replaceAll('**', '')
    .replaceAll('`', '')
    .replaceAll(/\\(?=[!-/:-@[-`{-~])/g, '');
