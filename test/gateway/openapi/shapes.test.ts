import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { AnyRoute } from '../../../platform/http/route.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

/** Where a shape would let through what it does not name. */
function gaps(shape: z.ZodType, path: string): string[] {
  const { def } = shape as unknown as { def: Definition };
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

/** What is open on purpose: others say what is in it, and of an event that is stuck an admin must see everything. */
const OPEN = [
  'readOpenApi 200 takes any field',
  'readKeySet 200.keys[] is record',
  'listDeadLetters 200.items[].data is record',
];

describe('what answers are built from', () => {
  let gateway: Harness;
  let routes: AnyRoute[];
  before(async () => {
    gateway = await startHarness();
    routes = gateway.routes();
  });
  after(() => gateway.close());

  it('names every field of every answer of every route', () => {
    const open = routes.flatMap(({ operationId, responses }) =>
      Object.entries(responses).flatMap(([status, { body }]) => (body ? gaps(body, `${operationId} ${status}`) : [])),
    );
    assert.ok(routes.length > 25);
    assert.deepEqual(open.toSorted(), OPEN.toSorted());
  });

  it('is there for every answer that is JSON', () => {
    const shapeless = routes.flatMap(({ operationId, responses }) =>
      Object.entries(responses)
        .filter(([status, { body, mediaType }]) => !body && status !== '204' && !mediaType)
        .map(([status]) => `${operationId} ${status}`),
    );
    assert.deepEqual(shapeless, []);
    const json = routes.flatMap(({ responses }) => Object.values(responses).map(({ mediaType }) => mediaType ?? ''));
    assert.ok(json.every((type) => !type.includes('json')));
  });

  it('leaves out what a service adds', async () => {
    const { products, stock } = gateway.services.store;
    products.set('tea', Object.assign(products.get('tea')!, { costPrice: 1 }));
    stock.set('tea', Object.assign({ sku: 'tea', onHand: 1, reserved: 0, available: 1 }, { shelf: 'A7' }));
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
