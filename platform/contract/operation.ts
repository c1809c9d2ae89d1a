import { z } from 'zod';

/** One thing that a service can be asked to do: what it accepts and returns, checked on both sides of its API. */
export interface Operation<Request = unknown, Response = unknown, Code extends string = string> {
  request: z.ZodType<Request>;
  response: z.ZodType<Response>;
  /** Why it may refuse, for good. Anything else that goes wrong is a fault, and may be tried again. */
  refuses: readonly Code[];
  /** True where twice is the same as once, so that a caller may repeat the request after a fault. */
  repeatable: boolean;
  /** Milliseconds that a direct caller waits for the response; 5,000 where absent. */
  timeoutMs?: number;
}

/** One half of a service's contract: its operations, by name. */
export type Operations = Readonly<Record<string, Operation>>;

/** The functions that carry out a contract. Its methods keep the docstrings of their operations. */
export type Implementation<Contract> = {
  [Name in keyof Contract]: Contract[Name] extends Operation<infer Request, infer Response>
    ? (request: Request) => Promise<undefined extends Response ? Exclude<Response, undefined> | void : Response>
    : never;
};

/** The codes with which the operations of a contract may refuse. */
export type RefusalOf<Contract extends Operations> = Contract[keyof Contract]['refuses'][number];

interface Definition<Request extends z.ZodType, Response extends z.ZodType, Code extends string> {
  request: Request;
  /** Absent: it returns nothing. */
  response?: Response;
  refuses?: readonly Code[];
  timeoutMs?: number;
}

/** An operation of a service's HTTP API. Repeatable unless it says otherwise. */
export function operation<
  Request extends z.ZodType,
  Response extends z.ZodType = z.ZodUndefined,
  const Code extends string = never,
>(
  definition: Definition<Request, Response, Code> & { repeatable?: boolean },
): Operation<z.infer<Request>, z.infer<Response>, Code> {
  const { response = z.undefined(), refuses = [], repeatable = true, ...rest } = definition;
  return { ...rest, response: response as z.ZodType<z.infer<Response>>, refuses, repeatable } as Operation<
    z.infer<Request>,
    z.infer<Response>,
    Code
  >;
}

/**
 * An operation that a workflow calls durably, on the task queue of the service's name, and first over the service's API
 * where its lane says so. Always repeatable: it is named by the order and the step, never by the attempt.
 */
export const activity: <
  Request extends z.ZodType,
  Response extends z.ZodType = z.ZodUndefined,
  const Code extends string = never,
>(
  definition: Definition<Request, Response, Code>,
) => Operation<z.infer<Request>, z.infer<Response>, Code> = operation;

/** The request of an operation that takes no input. */
export const Nothing = z.strictObject({});
export type Nothing = z.infer<typeof Nothing>;

/** Every step may refuse so: its compensation ran first, and the step may not happen any more. */
export const Undone = 'Undone';

/** A page of a list: `after` is the last page's `next`, opaque to the caller. */
export const PageRequest = z.object({ after: z.string().optional(), limit: z.int().min(1).max(1000) });
export type PageRequest = z.infer<typeof PageRequest>;

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() });
export type Page<Item> = { items: Item[]; next: string | null };

/** How a durable activity's result travels to the workflow: `attempt` says how many tries it took, from 1. */
export interface Attempted<Answer> {
  attempt: number;
  answer: Answer;
}
