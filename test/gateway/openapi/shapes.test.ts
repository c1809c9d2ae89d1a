import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { AnyRoute } from '../../../platform/http/route.ts';
import { stockOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

/** The places where a schema allows unnamed fields. */
function gaps(schema: z.ZodType, path: string): string[] {
  const { def } = schema as unknown as { def: Definition };
  switch (def.type) {
    case 'object':
      return [
        ...(def.catchall && def.catchall.def.type !== 'never' ? [`${path} takes any field`] : []),
        ...Object.entries(def.shape!).flatMap(([name, inner]) => gaps(inner, `${path}.${name}`)),
      ];
    case 'array':
      return gaps(def.element!, `${path}[]`);
    case 'union':
      return def.options!.flatMap((option, at) => gaps(option, `${path}|${at}`));
    case 'optional':
    case 'nullable':
    case 'readonly':
    case 'default':
      return gaps(def.innerType!, path);
    case 'string':
    case 'number':
    case 'boolean':
    case 'literal':
    case 'enum':
    case 'null':
      return [];
    default:
      return [`${path} is ${def.type}`];
  }
}

interface Definition {
  type: string;
  shape?: Record<string, z.ZodType>;
  catchall?: { def: { type: string } };
  element?: z.ZodType;
  options?: z.ZodType[];
  innerType?: z.ZodType;
}

/** Open on purpose: the fields are defined elsewhere, and an admin must see all data of a dead letter. */
const OPEN = [
  'readOpenApi 200 takes any field',
  'readKeySet 200.keys[] is record',
  'listDeadLetters 200.items[].data is record',
];

describe('the schema of a response', () => {
  let gateway: Harness;
  let routes: AnyRoute[];
  before(async () => {
    gateway = await startHarness();
    routes = gateway.routes();
  });
  after(() => gateway.close());

  it('names every field, for every response of every route', () => {
    const open = routes.flatMap(({ operationId, responses }) =>
      Object.entries(responses).flatMap(([status, { body }]) => (body ? gaps(body, `${operationId} ${status}`) : [])),
    );
    assert.ok(routes.length > 25);
    assert.deepEqual(open.toSorted(), OPEN.toSorted());
  });

  it('exists for every JSON response', () => {
    const missing = routes.flatMap(({ operationId, responses }) =>
      Object.entries(responses)
        .filter(([status, { body, mediaType }]) => !body && status !== '204' && !mediaType)
        .map(([status]) => `${operationId} ${status}`),
    );
    // Whatever was asked for, they say no more than their status.
    assert.deepEqual(missing, ['requestPasswordReset 202', 'requestEmailVerification 202']);
    const json = routes.flatMap(({ responses }) => Object.values(responses).map(({ mediaType }) => mediaType ?? ''));
    assert.ok(json.every((type) => !type.includes('json')));
  });

  it('removes fields that a service adds', async () => {
    const { products, stock } = gateway.services.store;
    products.set('tea', Object.assign(products.get('tea')!, { costPrice: 1 }));
    stock.set('tea', Object.assign(stockOf({ onHand: 1 }), { shelf: 'A7' }));
    const answers = [
      await gateway.call('GET /v1/products/tea'),
      await gateway.call('GET /v1/products'),
      await gateway.call('GET /v1/products/tea/stock', { as: gateway.admin }),
    ];
    for (const { status, text } of answers) {
      assert.equal(status, 200);
      assert.doesNotMatch(text, /costPrice|shelf|version|createdAt/);
    }
  });
});
