import {
  type Client,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

interface Message {
  workflowId: string;
  name: string;
  args: unknown[];
  updateId?: string;
}

/** The part of Temporal's client that the gateway uses. It records calls, and tests choose the results. */
export interface FakeTemporal {
  client: Client;
  started: Map<string, { type: string; options: Record<string, unknown> }>;
  updates: Message[];
  signals: Message[];
  /** Every call fails, as if the server were unavailable. */
  down: boolean;
  /** Workflows that have ended. */
  ended: Set<string>;
  /** The refusal of the workflows' validators. */
  refusal: { type: string; message: string } | undefined;
  /** What came of the updates that were started, by their ids: a repeat has the same outcome. */
  outcomes: Map<string, FakeTemporal['refusal']>;
  /** Runs when an update is accepted. */
  onUpdate: () => void;
}

interface UpdateWithStart {
  args: unknown[];
  updateId: string;
  startWorkflowOperation: { options: { workflowId: string } };
}

export function createFakeTemporal(): FakeTemporal {
  const fake: FakeTemporal = {
    client: undefined as unknown as Client,
    started: new Map(),
    updates: [],
    signals: [],
    down: false,
    ended: new Set(),
    refusal: undefined,
    outcomes: new Map(),
    onUpdate: () => undefined,
  };
  const connect = (workflowId?: string) => {
    if (fake.down) throw lostResponse();
    if (workflowId && fake.ended.has(workflowId)) throw new WorkflowNotFoundError('gone', workflowId, undefined);
  };
  const refusedAs = (refusal: NonNullable<FakeTemporal['refusal']>) =>
    new WorkflowUpdateFailedError('refused', ApplicationFailure.create(refusal));
  const outcomeOf = (updateId: string) => ({
    async result() {
      connect();
      if (!fake.outcomes.has(updateId)) throw new WorkflowNotFoundError('gone', updateId, undefined);
      const refusal = fake.outcomes.get(updateId);
      if (refusal) throw refusedAs(refusal);
    },
  });
  const getHandle = (workflowId: string) => ({
    getUpdateHandle: outcomeOf,
    async executeUpdate({ name }: { name: string }, { args, updateId }: { args: unknown[]; updateId: string }) {
      connect(workflowId);
      if (fake.refusal) throw refusedAs(fake.refusal);
      fake.updates.push({ workflowId, name, args, updateId });
      fake.onUpdate();
    },
    async signal({ name }: { name: string }, ...args: unknown[]) {
      connect(workflowId);
      fake.signals.push({ workflowId, name, args });
    },
  });
  const start = async (type: string, options: { workflowId: string }) => {
    connect();
    const { workflowId } = options;
    if (fake.started.has(workflowId)) throw new WorkflowExecutionAlreadyStartedError('again', workflowId, type);
    fake.started.set(workflowId, { type, options });
  };
  /** A workflow that has ended cannot be started again. */
  const refuseEnded = (workflowId: string) => {
    if (fake.ended.has(workflowId))
      throw new WorkflowExecutionAlreadyStartedError('ended', workflowId, 'orderWorkflow');
  };
  const signalWithStart = async (
    _type: string,
    { workflowId, signal, signalArgs: args }: { workflowId: string; signal: { name: string }; signalArgs: unknown[] },
  ) => {
    refuseEnded(workflowId);
    connect();
    fake.signals.push({ workflowId, name: signal.name, args });
  };
  const executeUpdateWithStart = async (
    definition: { name: string },
    { startWorkflowOperation: { options }, ...more }: UpdateWithStart,
  ) => {
    refuseEnded(options.workflowId);
    await getHandle(options.workflowId).executeUpdate(definition, more);
  };
  const startUpdateWithStart = async (
    { name }: { name: string },
    { startWorkflowOperation: { options }, args, updateId }: UpdateWithStart,
  ) => {
    const { workflowId } = options;
    refuseEnded(workflowId);
    connect(workflowId);
    if (!fake.outcomes.has(updateId)) {
      fake.outcomes.set(updateId, fake.refusal);
      fake.updates.push({ workflowId, name, args, updateId });
      if (!fake.refusal) fake.onUpdate();
    }
    return outcomeOf(updateId);
  };
  const withDeadline = <Result>(_deadline: number, work: () => Promise<Result>) => work();
  const count = async () => {
    connect();
    return { count: 0 };
  };
  fake.client = {
    withDeadline,
    workflow: { start, getHandle, count, signalWithStart, executeUpdateWithStart, startUpdateWithStart },
  } as unknown as Client;
  return fake;
}

/** The client's error if the server's response is lost. */
export const lostResponse = (): ServiceError =>
  new ServiceError('no response', { cause: Object.assign(new Error('UNAVAILABLE'), { code: 14 }) });
