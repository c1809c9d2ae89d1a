import type { ZodOpenApiResponseObject } from 'zod-openapi';
import { Money } from '../../activities/money.ts';
import { ProblemDetails, titleOf } from '../../platform/http/problem.ts';
import type { AnyRoute } from '../../platform/http/route.ts';

/** Response headers by name, each with its description. */
export const headersOf = (headers: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' as const } }]),
  );

const changed = (description: string) =>
  Money.optional().meta({ description: `with \`PriceChanged\`: ${description}` });

export const ProblemDocument = ProblemDetails.extend({
  expectedTotal: changed('the total of the request'),
  total: changed('the total that the order would have now'),
}).meta({
  id: 'Problem',
  description:
    'A problem document (RFC 9457). `code` is stable; `type` is the path of a page about it, `/problems/` followed by the code.',
});

/** The content of a problem response with one of these codes. */
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

const retryAfter = { 'Retry-After': 'seconds to wait before the next attempt' };

const HEADERS: Readonly<Record<number, Record<string, string>>> = {
  429: {
    ...retryAfter,
    'RateLimit-Policy': 'the limit, as on every response: `"default";q=100;w=60` is 100 requests in 60 seconds',
    RateLimit:
      'the rest of the limit, as on every response: `"default";r=50;t=30` is 50 requests in the next 30 seconds',
  },
  503: retryAfter,
};

/** Responses that several operations share. Each appears once in the document, under the names of its codes. */
const shared = new Map<string, ZodOpenApiResponseObject>();

/** The problem response with this status and these codes. */
export function problem(status: number, codes: string[]): ZodOpenApiResponseObject {
  const id = codes.join('Or');
  const known = shared.get(id);
  if (known) return known;
  const headers = HEADERS[status];
  const response = {
    id,
    description: codes.join(', '),
    ...(headers && { headers: headersOf(headers) }),
    content: documentOf(status, codes),
  };
  shared.set(id, response);
  return response;
}

/** The codes of a route by status: its own, and those of its options. */
export function problemsOf({
  body,
  access,
  guests,
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
  // Every route refuses unknown query parameters.
  add(400, 'InvalidRequest');
  if (body) {
    if (!form) add(400, 'MalformedJson');
    add(413, 'BodyTooLarge');
    add(415, 'UnsupportedMediaType');
  }
  if (access === 'user' || access === 'staff') add(401, 'Unauthorized', 'InvalidToken');
  if (access === 'staff') add(403, 'Forbidden');
  if (access === 'user' && !guests) add(403, 'AccountRequired');
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

/** Tags of the routes that call workflows. */
const TEMPORAL_TAGS = new Set(['orders', 'parcels', 'returns', 'interventions', 'callbacks']);
