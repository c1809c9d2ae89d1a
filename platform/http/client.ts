import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import type { Implementation, Operation, Operations } from '../contract/operation.ts';
import { Refusal } from '../contract/refusal.ts';
import { Connection, type ServiceAddress } from './connection.ts';
import { type Exchanged, NoAnswer } from './transport.ts';

export type { ServiceAddress } from './connection.ts';

/** The service did not answer, or not with an answer: what was asked may or may not have happened. */
export class ServiceFault extends Error {
  override readonly name = 'ServiceFault';
  readonly service: string;
  /** Whether the service cannot have heard of it. */
  readonly unsent: boolean;
  /** Whether there is no time left to ask again. */
  late = false;

  constructor(service: string, operation: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${service} did not answer ${operation}: ${reason}`, { cause });
    this.service = service;
    this.unsent = cause instanceof NoAnswer && !cause.sent;
  }
}

// A step's database work ends within 5 s (statement_timeout); longer means the service is in trouble.
const TIMEOUT_MS = 5_000;
// Long enough for a process to be restarted in front of a repeatable question, short enough for a person.
const DELAYS_MS = [100, 400];
// A try that took all of its 5 s is followed by one more, perhaps at a better door, and by no third.
const RETRY_WITHIN_MS = 7_500;

/** Calls a service directly, by its contract: `client.getProduct({ sku })` is a request to its HTTP API. */
export function createClient<Contract extends Operations>(
  to: ServiceAddress | Connection,
  part: 'requests' | 'activities' | 'events',
  contract: Contract,
): Implementation<Contract> {
  const connection = to instanceof Connection ? to : new Connection(to);
  const entries = Object.entries(contract).map(([name, operation]) => [
    name,
    caller(connection, `/${part}/${name}`, { name, operation }),
  ]);
  return Object.fromEntries(entries) as Implementation<Contract>;
}

/** One operation with all that guards it; from the outside in: retries, bulkhead, breaker, time-out. */
function caller(connection: Connection, path: string, { name, operation }: { name: string; operation: Operation }) {
  const { repeatable, timeoutMs } = operation;
  const again = (error: unknown) => error instanceof ServiceFault && !error.late && (repeatable || error.unsent);
  const persistence = retry(handleWhen(again), { maxAttempts: DELAYS_MS.length, backoff });
  persistence.onRetry(() => (connection.counts.retries += 1));
  const limits = { path, repeatable, patient: timeoutMs !== undefined, timeoutMs: timeoutMs ?? TIMEOUT_MS };
  return (request: unknown): Promise<unknown> => {
    const question = { ...limits, body: JSON.stringify(request) };
    const deadline = performance.now() + RETRY_WITHIN_MS;
    const fault = (cause: unknown): ServiceFault => {
      connection.counts.faults += 1;
      return Object.assign(new ServiceFault(connection.service, name, cause), { late: performance.now() > deadline });
    };
    return persistence.execute(async () => {
      const exchanged = await connection.ask(question).catch((cause: unknown) => {
        throw fault(cause);
      });
      return answerOf(exchanged, operation, fault);
    });
  };
}

// Spread out, so that those who failed together do not come back together.
const backoff = new DelegateBackoff(
  ({ attempt }: { attempt: number }) => DELAYS_MS[attempt - 1]! * (0.5 + Math.random()),
);

function answerOf(
  { status, answer }: Exchanged,
  operation: Operation,
  fault: (cause: unknown) => ServiceFault,
): unknown {
  if (status === 204) return undefined;
  if (status === 200) return operation.response.parse(answer);
  const { code, detail } = (answer ?? {}) as { code?: string; detail?: string };
  if (status === 409 && code) throw new Refusal(code, detail ?? code);
  throw fault(new Error(`${status} ${code ?? ''}: ${detail ?? ''}`));
}
