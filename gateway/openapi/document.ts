import {
  type ZodOpenApiOperationObject,
  type ZodOpenApiParameterObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  createDocument,
} from 'zod-openapi';
import type { AnyRoute, Response } from '../../platform/http/route.ts';
import { isForStaff, rolesFor } from '../auth/staff.ts';
import { ProblemDocument, headersOf, problem, problemsOf } from './problems.ts';
import { SECURITY_SCHEMES, securityOf } from './security.ts';
import { addTextPatterns } from './text-patterns.ts';
import { webhookOperations } from './webhooks.ts';

/** The OpenAPI 3.1 document of the API, made from its routes. */
export function openApi(routes: readonly AnyRoute[]): Record<string, unknown> {
  const paths: ZodOpenApiPathsObject = {};
  const published = new Set(routes.map(({ operationId }) => operationId));
  for (const definition of routes) {
    const template = definition.path.replace(/:(\w+)/g, '{$1}');
    paths[template] = { ...paths[template], [definition.method]: operationOf(definition, published) };
  }
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Order platform',
      version: '1',
      description:
        'Amounts are integers in the currency’s smallest unit, times are RFC 3339 in UTC, errors are RFC 9457 problem documents with a stable `code`.',
    },
    servers: [{ url: '/' }],
    paths,
    webhooks: webhookOperations(),
    components: { schemas: { Problem: ProblemDocument }, securitySchemes: SECURITY_SCHEMES },
  }) as unknown as Record<string, unknown>;
  addTextPatterns(document);
  return document;
}

const operationOf = (definition: AnyRoute, published: ReadonlySet<string>): ZodOpenApiOperationObject => ({
  operationId: definition.operationId,
  summary: definition.summary,
  tags: [definition.tag],
  ...descriptionOf(definition),
  security: securityOf(definition),
  requestParams: {
    ...(definition.params && { path: definition.params }),
    ...(definition.query && { query: definition.query }),
  },
  parameters: headerParameters(definition),
  ...(definition.body && {
    requestBody: {
      required: !definition.body.safeParse(undefined).success,
      content: {
        [definition.form ? 'application/x-www-form-urlencoded' : 'application/json']: { schema: definition.body },
      },
    },
  }),
  responses: {
    ...Object.fromEntries(
      Object.entries(definition.responses).map(([status, shape]) => [
        status,
        { ...responseOf(shape), ...linksOf(shape, published) },
      ]),
    ),
    ...(definition.headers?.['If-None-Match'] && { 304: { description: 'Your version is still current' } }),
    ...Object.fromEntries(
      Object.entries(problemsOf(definition)).map(([status, codes]) => [
        status,
        eitherOf(definition.responses[Number(status)], problem(Number(status), codes)),
      ]),
    ),
  },
});

function descriptionOf(definition: AnyRoute) {
  const { deprecation } = definition;
  const { sunset, successor } = deprecation ?? {};
  const sentences = [
    isForStaff(definition) && staffSentence(definition),
    definition.guests && 'Also for guests.',
    sunset && `May be removed from ${sunset} on.`,
    successor && `Use ${successor} instead.`,
  ].filter((sentence) => typeof sentence === 'string');
  return {
    ...(sentences.length > 0 && { description: sentences.join(' ') }),
    ...(deprecation && { deprecated: true }),
  };
}

function staffSentence(definition: AnyRoute): string {
  const roles = rolesFor(definition).map((role) => `\`${role}\``);
  const [others, last] = [roles.slice(0, -1).join(', '), roles.at(-1)!];
  const list = others === '' ? last : `${others} or ${last}`;
  return definition.access === 'staff'
    ? `For staff with the role ${list}.`
    : `For everybody’s orders: staff with the role ${list}.`;
}

function headerParameters({ headers = {}, idempotent, access, problems = {} }: AnyRoute): ZodOpenApiParameterObject[] {
  const described = Object.entries(headers).filter(([name]) => access !== 'signed' || name !== 'Carrier-Signature');
  return [
    ...(idempotent ? [KEY_PARAMETER] : []),
    ...described.map(([name, description]): ZodOpenApiParameterObject => ({
      name,
      in: 'header',
      ...(name === 'If-Match' && problems[428] && { required: true }),
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
    'Identifies this request: for at least 24 hours, a repeat with the same key gets the first response, with `Idempotent-Replayed: true`.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
};

const responseOf = ({ description, body, mediaType, headers }: Response): ZodOpenApiResponseObject => ({
  description,
  ...(headers && { headers: headersOf(headers) }),
  ...((body ?? mediaType) && {
    content: {
      ...(body && { 'application/json': { schema: body } }),
      ...Object.fromEntries([mediaType ?? []].flat().map((one) => [one, { schema: { type: 'string' as const } }])),
    },
  }),
});

/** Links only to published operations: with an external issuer, those for signing in here are missing. */
function linksOf({ links = {} }: Response, published: ReadonlySet<string>): Pick<ZodOpenApiResponseObject, 'links'> {
  const valid = Object.entries(links).filter(([operationId]) => published.has(operationId));
  if (valid.length === 0) return {};
  return { links: Object.fromEntries(valid.map(([operationId, link]) => [operationId, { operationId, ...link }])) };
}

/** A status whose response is either the route's own or a problem. */
const eitherOf = (own: Response | undefined, other: ZodOpenApiResponseObject): ZodOpenApiResponseObject =>
  own
    ? {
        description: `${own.description}; ${other.description}`,
        content: { ...responseOf(own).content, ...other.content },
      }
    : other;
