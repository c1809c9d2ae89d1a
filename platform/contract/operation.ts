import { z } from 'zod';

/** An operation of a service: its request and response, which both sides of the API check, and its refusals. */
export interface Operation<Request = unknown, Response = unknown, Code extends string = string> {
  request: z.ZodType<Request>;
  response: z.ZodType<Response>;
  /** The codes of its refusals, which are final. Any other error is a fault, which may be retried. */
  refuses: readonly Code[];
  /** True if a repeat has no further effect, so that a client may retry the request after a fault. */
  repeatable: boolean;
  /** How long a client of the HTTP API waits for the response; 5,000 if absent. Set for long polls. */
  timeoutMs?: number;
  /** Whether it is a long poll, whose slow response says nothing about the service. By default if it sets `timeoutMs`. */
  patient?: boolean;
}

/** A part of a service's contract: its operations, by name. */
export type Operations = Readonly<Record<string, Operation>>;

/** The functions that implement a contract. The methods keep the docstrings of their operations. */
export type Implementation<Contract> = {
  [Name in keyof Contract]: Contract[Name] extends Operation<infer Request, infer Response>
    ? (request: Request) => Promise<undefined extends Response ? Exclude<Response, undefined> | void : Response>
    : never;
};

/** The refusal codes of a contract's operations. */
export type RefusalOf<Contract extends Operations> = Contract[keyof Contract]['refuses'][number];

interface Definition<Request extends z.ZodType, Response extends z.ZodType, Code extends string> {
  request: Request;
  /** Absent: the operation returns nothing. */
  response?: Response;
  refuses?: readonly Code[];
  timeoutMs?: number;
  patient?: boolean;
}

/** Declares an operation of a service's HTTP API. Repeatable by default. */
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
 * Declares an operation that workflows call durably, on the task queue named after the service. The service's HTTP API
 * offers it too, for the lanes that try it there first. Always repeatable: its effect is identified by the order and
 * the step, never by the attempt.
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

/** Refusal code of a step whose compensation came first: the step cannot happen any more. */
export const Undone = 'Undone';

/** The request of a paginated list. `after` is the `next` of the last page, an opaque cursor. */
export const PageRequest = z.object({ after: z.string().optional(), limit: z.int().min(1).max(1000) });
export type PageRequest = z.infer<typeof PageRequest>;

/** A page of a list. `next` is null on the last page. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() });
export type Page<Item> = { items: Item[]; next: string | null };

/** The result of a durable activity, as sent to the workflow. `attempt` is the number of attempts it took, from 1. */
export interface Attempted<Answer> {
  attempt: number;
  answer: Answer;
}
