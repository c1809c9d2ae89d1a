import assert from 'node:assert/strict';
import { DEMO_CATALOGUE } from '../../../local/demo-catalogue.ts';
import { PAYMENT_METHODS } from '../../../sandbox/processor/payment-methods.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

/** A part of an example that is about a product. */
interface AboutProduct {
  sku: string;
  name?: string;
  description?: string;
  quantity?: number;
  price?: { amountMinor: number };
  unitPrice?: { amountMinor: number };
}

/** Every object with a SKU inside `value`. */
function productsIn(value: unknown): AboutProduct[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(productsIn);
  return 'sku' in value && typeof value.sku === 'string' ? [value as AboutProduct, ...inner] : inner;
}

interface Document {
  paths: Record<string, Record<string, { parameters?: { name: string; in: string; example?: string }[] }>>;
  components: { schemas: Record<string, { examples?: unknown[] }> };
}

/** So that everything in /docs can be tried as it is at a platform that `npm start` runs. */
describe('the examples of the OpenAPI document', () => {
  let gateway: Harness;
  let document: Document;
  const demo = new Map(DEMO_CATALOGUE.map((product) => [product.sku, product]));
  const examplesOf = (schema: string): unknown[] =>
    document.components.schemas[schema]?.examples ?? assert.fail(`${schema} has no examples`);

  before(async () => {
    gateway = await startHarness();
    document = JSON.parse((await gateway.call('GET /openapi.json')).text) as Document;
  });
  after(() => gateway.close());

  it('are about products of the demo catalogue, with their names and prices', () => {
    let found = 0;
    for (const [schema, { examples }] of Object.entries(document.components.schemas)) {
      if (schema === 'NewProduct') continue;
      for (const { sku, name, description, quantity, price, unitPrice } of productsIn(examples)) {
        found += 1;
        const product = demo.get(sku) ?? assert.fail(`${schema}: ${sku} is not in the demo catalogue`);
        assert.equal(name ?? product.name, product.name, schema);
        assert.equal(description ?? product.description, product.description, schema);
        for (const { amountMinor } of [price, unitPrice].filter((one) => one !== undefined))
          assert.equal(amountMinor, product.pence, schema);
        assert.ok((quantity ?? 1) <= product.pieces, schema);
      }
    }
    assert.ok(found >= 8, `only ${found} found`);
  });

  it('add a product that does not exist yet', () => {
    for (const { sku } of productsIn(examplesOf('NewProduct'))) assert.ok(!demo.has(sku), sku);
  });

  it('name a product of the demo catalogue in each path that has a SKU', () => {
    const paths = Object.entries(document.paths).filter(([path]) => path.includes('{sku}'));
    assert.ok(paths.length >= 4);
    for (const [path, operations] of paths) {
      for (const [method, { parameters = [] }] of Object.entries(operations)) {
        const { example } = parameters.find(({ name }) => name === 'sku') ?? {};
        assert.ok(demo.has(example ?? ''), `${method} ${path}: ${example}`);
      }
    }
  });

  it('pay with a method that the sandbox accepts', () => {
    for (const order of examplesOf('PlaceOrder') as { paymentMethod: string }[])
      assert.deepEqual(PAYMENT_METHODS.get(order.paymentMethod), {});
  });

  it('are used by a page that hides the carrier’s signature, which nobody can enter', async () => {
    const { text } = await gateway.call('GET /docs/start.js');
    assert.match(text, /has\('carrier'\)/);
    const schemes = Object.keys(
      (document as unknown as { components: { securitySchemes: object } }).components.securitySchemes,
    );
    assert.equal(schemes[0], 'bearer');
    assert.ok(schemes.includes('carrier'), 'the name that the page hides');
  });
});
