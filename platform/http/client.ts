import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import type { Implementation, Operation, Operations } from '../contract/operation.ts';
import { Refusal } from '../contract/refusal.ts';
import { Connection, type ServiceAddress } from './connection.ts';
import { type Exchanged, NoAnswer } from './transport.ts';

export type { ServiceAddress } from './connection.ts';

/** The service did not respond, or responded with an error: the effect may or may not have happened. */
export class ServiceFault extends Error {
  override readonly name = 'ServiceFault';
  readonly service: string;
  /** True if the service cannot have received the request. */
  readonly unsent: boolean;
  /** True if there is no time left for a retry. */
  late = false;

  constructor(service: string, operation: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the ${service} service failed to respond to ${operation}: ${reason}`, { cause });
    this.service = service;
    this.unsent = cause instanceof NoAnswer && !cause.sent;
  }
}

// A step's database work ends within 5 s (statement_timeout); a longer one means that the service is in trouble.
const TIMEOUT_MS = 5_000;
// Long enough for a process to restart, short enough for a person who waits.
const DELAYS_MS = [100, 400];
// After an attempt that took all of its 5 s there is one more, perhaps at a healthy address, but no third.
const RETRY_WITHIN_MS = 7_500;

/** Creates a client of a service's HTTP API from its contract: `client.getProduct({ sku })` sends a request. */
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

/** One operation with its safeguards, from the outside in: retries, bulkhead, circuit breaker, timeout. */
function caller(connection: Connection, path: string, { name, operation }: { name: string; operation: Operation }) {
  const { repeatable, timeoutMs, patient = timeoutMs !== undefined } = operation;
  const mayRetry = (error: unknown) => error instanceof ServiceFault && !error.late && (repeatable || error.unsent);
  const retries = retry(handleWhen(mayRetry), { maxAttempts: DELAYS_MS.length, backoff });
  retries.onRetry(() => (connection.counts.retries += 1));
  const limits = { path, repeatable, patient, timeoutMs: timeoutMs ?? TIMEOUT_MS };
  return (request: unknown): Promise<unknown> => {
    const serviceRequest = { ...limits, body: JSON.stringify(request) };
    const deadline = performance.now() + RETRY_WITHIN_MS;
    const fault = (cause: unknown): ServiceFault => {
      connection.counts.faults += 1;
      return Object.assign(new ServiceFault(connection.service, name, cause), { late: performance.now() > deadline });
    };
    return retries.execute(async () => {
      const exchanged = await connection.ask(serviceRequest).catch((cause: unknown) => {
        throw fault(cause);
      });
      return responseOf(exchanged, operation, fault);
    });
  };
}

// With jitter, so that requests that failed together are not retried together.
const backoff = new DelegateBackoff(
  ({ attempt }: { attempt: number }) => DELAYS_MS[attempt - 1]! * (0.5 + Math.random()),
);

/** Returns the response, or throws the refusal or the fault that it stands for. */
function responseOf(
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
