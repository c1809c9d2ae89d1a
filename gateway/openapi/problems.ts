import type { ZodOpenApiResponseObject } from 'zod-openapi';
import { ProblemDetails, titleOf } from '../../platform/http/problem.ts';
import type { AnyRoute } from '../../platform/http/route.ts';

/** Headers of an answer, each with what it says. */
export const headersOf = (headers: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' as const } }]),
  );

export const ProblemDocument = ProblemDetails.meta({
  id: 'Problem',
  description: 'RFC 9457. `code` is stable; `type` is `/problems/` and the code.',
});

/** A problem document that has one of these codes. */
const documentOf = (status: number, codes: string[]) => ({
  'application/problem+json': {
    schema: {
      allOf: [{ $ref: '#/components/schemas/Problem' }],
      properties: { status: { const: status }, code: { enum: codes } },
    },
    example: {
      type: `/problems/${codes[0]}`,
      title: titleOf(codes[0]!),
      status,
      code: codes[0],
      requestId: '0b7f3c1e-4d5a-4f0e-9c55-2f6f0f0f8b9c',
    },
  },
});

const retryAfter = { 'Retry-After': 'seconds to wait before asking again' };

const HEADERS: Readonly<Record<number, Record<string, string>>> = {
  429: {
    ...retryAfter,
    'RateLimit-Policy': 'the limit, as on every answer: `"default";q=100;w=60` is 100 requests in 60 seconds',
    RateLimit: 'what is left, as on every answer: `"default";r=50;t=30` is 50 requests in the next 30 seconds',
  },
  503: retryAfter,
};

/** What many operations answer alike is written once, under the names of its codes, and referred to. */
const written = new Map<string, ZodOpenApiResponseObject>();

/** What a route answers with this status when it answers a problem. */
export function problem(status: number, codes: string[]): ZodOpenApiResponseObject {
  const id = codes.join('Or');
  const known = written.get(id);
  if (known) return known;
  const headers = HEADERS[status];
  const response = {
    id,
    description: codes.join(', '),
    ...(headers && { headers: headersOf(headers) }),
    content: documentOf(status, codes),
  };
  written.set(id, response);
  return response;
}

/** The codes a route may answer, by status: its own and those that come with what it asks for. */
export function problemsOf({
  body,
  access,
  form,
  scopes,
  idempotent,
  problems = {},
  rate,
  tag,
}: AnyRoute): Record<number, string[]> {
  const all: Record<number, string[]> = {};
  const add = (status: number, ...codes: string[]) => {
    all[status] = [...new Set([...(all[status] ?? []), ...codes])];
  };
  // A query that nobody asked for is refused too.
  add(400, 'InvalidRequest');
  if (body) {
    if (!form) add(400, 'MalformedJson');
    add(413, 'BodyTooLarge');
    add(415, 'UnsupportedMediaType');
  }
  if (access === 'user' || access === 'admin') add(401, 'Unauthorized', 'InvalidToken');
  if (access === 'admin') add(403, 'Forbidden');
  if (scopes) add(403, 'InsufficientScope');
  if (idempotent) {
    add(400, 'InvalidIdempotencyKey');
    add(409, 'RequestInProgress');
    add(422, 'IdempotencyKeyReused');
    add(428, 'IdempotencyKeyRequired');
  }
  for (const [status, codes] of Object.entries(problems)) add(Number(status), ...codes);
  if (access !== 'signed' && rate !== 'uncounted') add(429, 'TooManyRequests');
  if (tag !== 'documentation' && tag !== 'health') add(503, 'ServiceUnavailable');
  if (TEMPORAL_TAGS.has(tag) && (idempotent || access === 'signed')) add(503, 'TemporalUnavailable');
  return all;
}

/** Where an effect is a workflow's. */
const TEMPORAL_TAGS = new Set(['orders', 'returns', 'interventions', 'callbacks']);
