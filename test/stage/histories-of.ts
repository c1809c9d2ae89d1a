import assert from 'node:assert/strict';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import type { OrderWorld } from './order-world.ts';

/** The most that docs/operations.md promises of one history. */
const MOST_EVENTS = 500;
const MOST_BYTES = 512 * 1024;

/** Every execution of these workflows, and of those that take required steps for them. */
async function executionsOf(client: Client, workflowIds: Iterable<string>) {
  const found: { workflowId: string; runId: string; historyLength: number; historySize: number }[] = [];
  for (const id of workflowIds) {
    for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowId STARTS_WITH '${id}'` })) {
      const { historyLength, historySize = 0 } = await client.workflow.getHandle(workflowId, runId).describe();
      found.push({ workflowId, runId, historyLength, historySize });
    }
  }
  return found;
}

/** No history of these workflows is too long or too large, and all of them replay. Returns how many there are. */
export async function assertShortHistories(client: Client, workflowIds: readonly string[]): Promise<number> {
  const executions = await executionsOf(client, new Set(workflowIds));
  for (const { workflowId, historyLength, historySize } of executions) {
    assert.ok(historyLength < MOST_EVENTS, `${workflowId} has ${historyLength} events`);
    assert.ok(historySize > 0 && historySize < MOST_BYTES, `${workflowId} has ${historySize} bytes`);
  }
  const histories = await Promise.all(
    executions.map(async ({ workflowId, runId }) => ({
      workflowId,
      history: await client.workflow.getHandle(workflowId, runId).fetchHistory(),
    })),
  );
  const bundle = await workflowBundle(path.join(import.meta.dirname, '../../.cache'));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: bundle }, histories)) {
    assert.ifError(error && new Error(workflowId, { cause: error }));
  }
  return executions.length;
}

/** The workflows that have asked people about an order, or for which other ones have. */
export const askersOf = ({ interventions }: OrderWorld): string[] =>
  [...interventions.values()].map(({ workflowId }) => workflowId.split('.')[0]!);
