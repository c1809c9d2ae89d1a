import {
  type ZodOpenApiOperationObject,
  type ZodOpenApiParameterObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  createDocument,
} from 'zod-openapi';
import { ProblemDetails } from '../platform/http/problem.ts';
import type { Access, AnyRoute, Response } from '../platform/http/route.ts';

/** The published API, read off the routes that serve it (OpenAPI 3.1). */
export function openApi(routes: readonly AnyRoute[]): Record<string, unknown> {
  const paths: ZodOpenApiPathsObject = {};
  for (const definition of routes) {
    const template = definition.path.replace(/:(\w+)/g, '{$1}');
    paths[template] = { ...paths[template], [definition.method]: operationOf(definition) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Order platform',
      version: '1',
      description:
        'Amounts are integers in the currency’s smallest unit, times are RFC 3339 in UTC, errors are RFC 9457 problem documents with a stable `code`.',
    },
    servers: [{ url: '/' }],
    paths,
    components: { securitySchemes: SECURITY_SCHEMES },
  }) as unknown as Record<string, unknown>;
}

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'from POST /v1/sessions' },
  carrier: { type: 'apiKey', in: 'header', name: 'Carrier-Signature', description: 'HMAC of the body, see there' },
} as const;

const SECURITY: Readonly<Record<Access, Record<string, string[]>[]>> = {
  public: [],
  user: [{ bearer: [] }],
  admin: [{ bearer: [] }],
  signed: [{ carrier: [] }],
  // No route of the gateway's.
  service: [],
};

const operationOf = (definition: AnyRoute): ZodOpenApiOperationObject => ({
  operationId: definition.operationId,
  summary: definition.summary,
  tags: [definition.tag],
  ...(definition.access === 'admin' && { description: 'For admins.' }),
  security: SECURITY[definition.access],
  requestParams: {
    ...(definition.params && { path: definition.params }),
    ...(definition.query && { query: definition.query }),
  },
  parameters: headerParameters(definition),
  ...(definition.body && {
    requestBody: {
      required: !definition.body.safeParse(undefined).success,
      content: { 'application/json': { schema: definition.body } },
    },
  }),
  responses: {
    ...Object.fromEntries(Object.entries(definition.responses).map(([status, shape]) => [status, answer(shape)])),
    ...(definition.headers?.['If-None-Match'] && { 304: { description: 'What you have still holds' } }),
    ...Object.fromEntries(Object.entries(problemsOf(definition)).map(([status, codes]) => [status, problem(codes)])),
  },
});

function headerParameters({ headers = {}, idempotent, access }: AnyRoute): ZodOpenApiParameterObject[] {
  const described = Object.entries(headers).filter(([name]) => access !== 'signed' || name !== 'Carrier-Signature');
  return [
    ...(idempotent ? [KEY_PARAMETER] : []),
    ...described.map(([name, description]): ZodOpenApiParameterObject => ({
      name,
      in: 'header',
      description,
      schema: { type: 'string' },
    })),
  ];
}

const KEY_PARAMETER: ZodOpenApiParameterObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: true,
  description:
    'Names this wish: a repeat with the same key gets the first answer, with `Idempotent-Replayed: true`, for at least 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
};

const headersOf = (headers: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' as const } }]),
  );

const answer = ({ description, body, mediaType, headers }: Response): ZodOpenApiResponseObject => ({
  description,
  ...(headers && { headers: headersOf(headers) }),
  ...(body && { content: { 'application/json': { schema: body } } }),
  ...(mediaType && { content: { [mediaType]: { schema: { type: 'string' } } } }),
});

const ProblemDocument = ProblemDetails.meta({ id: 'Problem', description: 'RFC 9457' });

const problem = (codes: string[]): ZodOpenApiResponseObject => ({
  description: codes.join(', '),
  content: { 'application/problem+json': { schema: ProblemDocument } },
});

/** The codes a route may answer, by status: its own and those that come with what it asks for. */
function problemsOf({
  params,
  query,
  body,
  access,
  idempotent,
  problems = {},
  tag,
}: AnyRoute): Record<number, string[]> {
  const all: Record<number, string[]> = {};
  const add = (status: number, ...codes: string[]) => {
    all[status] = [...new Set([...(all[status] ?? []), ...codes])];
  };
  if (params || query || body) add(400, 'InvalidRequest');
  if (body) {
    add(400, 'MalformedJson');
    add(413, 'BodyTooLarge');
    add(415, 'UnsupportedMediaType');
  }
  if (access === 'user' || access === 'admin') add(401, 'Unauthorized', 'InvalidToken');
  if (access === 'admin') add(403, 'Forbidden');
  if (idempotent) {
    add(400, 'InvalidIdempotencyKey');
    add(409, 'RequestInProgress');
    add(422, 'IdempotencyKeyReused');
    add(428, 'IdempotencyKeyRequired');
  }
  for (const [status, codes] of Object.entries(problems)) add(Number(status), ...codes);
  if (tag !== 'documentation' && tag !== 'health') add(503, 'ServiceUnavailable');
  if (TEMPORAL_TAGS.has(tag) && (idempotent || access === 'signed')) add(503, 'TemporalUnavailable');
  return all;
}

/** Where an effect is a workflow's. */
const TEMPORAL_TAGS = new Set(['orders', 'returns', 'interventions', 'callbacks']);
