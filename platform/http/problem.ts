import { z } from 'zod';

export interface FieldError {
  /** JSON Pointer (RFC 6901) into the request. */
  pointer: string;
  detail: string;
}

/** The body of an error response: RFC 9457, with a stable `code`. */
export const ProblemDetails = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  code: z.string(),
  requestId: z.string(),
  traceId: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
export type ProblemDetails = z.infer<typeof ProblemDetails>;

/** Thrown to respond with a problem document. `message` becomes its `detail`, so write it for the caller. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: FieldError[] | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  /** Nothing is wrong, so it is not logged, whatever its status. */
  readonly expected: boolean;

  /** `members`: what RFC 9457 section 3.2 calls extension members, for programs that handle this code. */
  constructor(
    status: number,
    code: string,
    message: string,
    extra: {
      headers?: Record<string, string>;
      errors?: FieldError[];
      members?: Record<string, unknown>;
      cause?: unknown;
      expected?: boolean;
    } = {},
  ) {
    super(message, { cause: extra.cause });
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.headers = extra.headers ?? {};
    this.errors = extra.errors;
    this.members = extra.members ?? {};
    this.expected = extra.expected ?? false;
  }
}

/** `SkuTaken` → `Sku taken`: the same for every occurrence of a problem, as RFC 9457 requires of a title. */
export const titleOf = (code: string): string => {
  const words = code.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** 400 for input that does not match its schema; `part` is the part of the request it came from. */
export const invalidRequest = (error: z.ZodError, part: 'body' | 'query' | 'params'): Problem =>
  new Problem(400, 'InvalidRequest', `the request ${part === 'params' ? 'path' : part} is invalid`, {
    errors: error.issues.flatMap((issue) => fieldErrors(issue)).slice(0, 50),
  });

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), detail: 'unknown field' }));
  }
  return [{ pointer: pointerTo(issue.path), detail: issue.message }];
}

/** The JSON Pointer (RFC 6901) to this place. */
export const pointerTo = (path: PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
