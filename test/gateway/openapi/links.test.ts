import assert from 'node:assert/strict';
import type { AnyRoute, Links } from '../../../platform/http/route.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
}

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Answer>; requestBody?: Answer }>>;
  components: { schemas: Record<string, Schema> };
}

interface Answer {
  content?: Record<string, { schema: Schema }>;
  headers?: Record<string, unknown>;
  links?: Record<string, { operationId: string }>;
}

/** A link and the route that it belongs to. */
interface RouteLink {
  route: AnyRoute;
  status: string;
  to: string;
  link: Links[string];
}

describe('a link of a response', () => {
  let gateway: Harness;
  let routes: Map<string, AnyRoute>;
  let document: Document;
  let links: RouteLink[];
  before(async () => {
    gateway = await startHarness();
    routes = new Map(gateway.routes().map((route) => [route.operationId, route]));
    document = JSON.parse((await gateway.call('GET /openapi.json')).text) as Document;
    links = [...routes.values()].flatMap((route) =>
      Object.entries(route.responses).flatMap(([status, { links: given = {} }]) =>
        Object.entries(given).map(([to, link]) => ({ route, status, to, link })),
      ),
    );
  });
  after(() => gateway.close());

  const described = ({ path, method }: AnyRoute) =>
    document.paths[path.replace(/:(\w+)/g, '{$1}')]![method.toLowerCase()]!;
  const nameOf = ({ route, status, to }: RouteLink) => `${route.operationId} ${status} ${to}`;

  /** Whether the schema has the value that the JSON Pointer points to. */
  function has(schema: Schema | undefined, [step, ...rest]: string[]): boolean {
    if (!schema) return false;
    if (schema.$ref)
      return has(document.components.schemas[schema.$ref.split('/').at(-1)!], [step!, ...rest].filter(Boolean));
    if (schema.anyOf) return schema.anyOf.some((one) => has(one, [step!, ...rest].filter(Boolean)));
    if (step === undefined) return true;
    return has(/^\d+$/.test(step) ? schema.items : schema.properties?.[step], rest);
  }

  function exists({ route, status }: RouteLink, expression: string): boolean {
    const [, source = '', pointer = ''] = /^\$([\w.-]+)(?:#\/(.+))?$/.exec(expression) ?? [];
    const { responses, requestBody } = described(route);
    const json = (answer: Answer | undefined) => answer?.content?.['application/json']?.schema;
    const [side, kind, name = ''] = source.split('.');
    if (source === 'response.body') return has(json(responses[status]), pointer.split('/'));
    if (source === 'request.body') return has(json(requestBody), pointer.split('/'));
    if (side === 'response' && kind === 'header') return name in (responses[status]!.headers ?? {});
    return side === 'request' && kind === 'path' && route.path.includes(`:${name}`);
  }

  it('leads to an operation and gives all parameters of its path', () => {
    for (const one of links) {
      const target = routes.get(one.to) ?? assert.fail(nameOf(one));
      const given = Object.keys(one.link.parameters ?? {}).filter((name) => !name.startsWith('header.'));
      const taken = [...target.path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
      assert.deepEqual(given, taken, nameOf(one));
    }
  });

  it('takes only values that the response or the request has', () => {
    for (const one of links) {
      const { parameters = {}, requestBody = {} } = one.link;
      for (const value of [...Object.values(parameters), ...Object.values(requestBody as object)]) {
        if (typeof value !== 'string' || !value.startsWith('$')) continue;
        assert.ok(exists(one, value), `${nameOf(one)} ${value}`);
      }
    }
  });

  it('gives only headers that the next operation reads', () => {
    for (const one of links) {
      for (const name of Object.keys(one.link.parameters ?? {}).filter((given) => given.startsWith('header.'))) {
        assert.ok(name.slice('header.'.length) in (routes.get(one.to)!.headers ?? {}), nameOf(one));
      }
    }
  });

  it('is published with its operation', () => {
    for (const { route, status, to } of links)
      assert.equal(described(route).responses[status]!.links![to]!.operationId, to);
    assert.ok(links.length > 100, `${links.length} links`);
  });
});
