import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkers } from './test-workers.ts';

/** Runs one branch of a workflow up to the point where its history is recorded. */
export type Scenario = (workers: TestWorkers) => Promise<WorkflowHandle>;

export type Scenarios = Readonly<Record<string, Scenario>>;
