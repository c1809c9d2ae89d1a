import { z } from 'zod';

/** One thing a service can be asked: the shape of the question and of its answer, checked on both sides of the door. */
export interface Operation<Request, Response> {
  request: z.ZodType<Request>;
  response: z.ZodType<Response>;
  /** True where asking twice is the same as asking once, so that a caller may repeat it after a fault. */
  repeatable: boolean;
  /** Milliseconds a direct caller waits for the answer; 5,000 where absent. */
  timeoutMs?: number;
}

/** The runtime half of a contract's interface: an operation for each of its methods, and none besides. */
export type Operations<Face> = {
  readonly [Name in keyof Face]: Face[Name] extends (request: infer Request) => Promise<infer Response>
    ? Operation<Request, Response>
    : never;
};

/** For answers that carry nothing but "done". */
export const Done = z.undefined();

/** For questions that need no words. */
export const Nothing = z.strictObject({});
export type Nothing = z.infer<typeof Nothing>;

/** Every service's refusals may include this: the step was undone first, so it may not happen any more. */
export const Undone = 'Undone';

/** A page of a list: `after` is the last page's `next`, opaque to the caller. */
export const PageRequest = z.object({ after: z.string().optional(), limit: z.int().min(1).max(1000) });
export type PageRequest = z.infer<typeof PageRequest>;

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() });
export type Page<Item> = { items: Item[]; next: string | null };

/** How a durable activity's answer travels to the workflow: `attempt` says how many tries it took, from 1. */
export interface Attempted<Answer> {
  attempt: number;
  answer: Answer;
}
