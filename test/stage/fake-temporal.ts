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

/** Temporal's client, as far as the gateway uses it: notes what was asked and answers as a test wants. */
export interface FakeTemporal {
  client: Client;
  started: Map<string, { type: string; options: Record<string, unknown> }>;
  updates: Message[];
  signals: Message[];
  /** Every call fails, as when the server is away. */
  down: boolean;
  /** Workflows that have ended. */
  ended: Set<string>;
  /** What validators refuse updates with. */
  refusal: { type: string; message: string } | undefined;
  /** Runs when an update is accepted. */
  onUpdate: () => void;
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
    onUpdate: () => undefined,
  };
  const reach = (workflowId?: string) => {
    if (fake.down) throw lostAnswer();
    if (workflowId && fake.ended.has(workflowId)) throw new WorkflowNotFoundError('gone', workflowId, undefined);
  };
  const getHandle = (workflowId: string) => ({
    async executeUpdate({ name }: { name: string }, { args, updateId }: { args: unknown[]; updateId: string }) {
      reach(workflowId);
      if (fake.refusal) throw new WorkflowUpdateFailedError('refused', ApplicationFailure.create(fake.refusal));
      fake.updates.push({ workflowId, name, args, updateId });
      fake.onUpdate();
    },
    async signal({ name }: { name: string }, ...args: unknown[]) {
      reach(workflowId);
      fake.signals.push({ workflowId, name, args });
    },
  });
  const start = async (type: string, options: { workflowId: string }) => {
    reach();
    const { workflowId } = options;
    if (fake.started.has(workflowId)) throw new WorkflowExecutionAlreadyStartedError('again', workflowId, type);
    fake.started.set(workflowId, { type, options });
  };
  const withDeadline = <Answer>(_deadline: number, work: () => Promise<Answer>) => work();
  const count = async () => {
    reach();
    return { count: 0 };
  };
  fake.client = { withDeadline, workflow: { start, getHandle, count } } as unknown as Client;
  return fake;
}

/** What the client throws where the server's answer does not arrive. */
export const lostAnswer = (): ServiceError =>
  new ServiceError('no answer', { cause: Object.assign(new Error('UNAVAILABLE'), { code: 14 }) });
