import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { deadLetterRequests, feedRequests } from '../../platform/contract/event.ts';
import type { Operations } from '../../platform/contract/operation.ts';
import { REGISTRY, SERVICES, type ServiceName } from '../../services/registry.ts';

const FOLDER = path.join(import.meta.dirname, '../../activities');

interface Contract {
  /** `activities/order.ts: orderRequests` */
  where: string;
  kind: 'Requests' | 'Activities';
  /** The file's name, which for a service's own contract is the service's. */
  file: string;
  operations: Operations;
}

/** The contracts in a module: its exports that end in `Requests` or `Activities`. */
const contractsIn = (module: Readonly<Record<string, unknown>>, file: string): Contract[] =>
  Object.entries(module).flatMap(([name, operations]) => {
    const [kind] = /(?:Requests|Activities)$/.exec(name) ?? [];
    if (kind === undefined) return [];
    const where = `activities/${file}.ts: ${name}`;
    return [{ where, kind: kind as Contract['kind'], file, operations: operations as Operations }];
  });

const duplicatesIn = (names: readonly string[]): string[] => names.filter((name, at) => names.indexOf(name) !== at);

describe('the contracts', () => {
  const contracts: Contract[] = [];
  const allOperations = () =>
    contracts.flatMap(({ where, kind, operations }) =>
      Object.entries(operations).map(([name, operation]) => ({ where: `${where}.${name}`, kind, name, operation })),
    );

  before(async () => {
    for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.ts'))) {
      const module = (await import(path.join(FOLDER, name))) as Record<string, unknown>;
      contracts.push(...contractsIn(module, path.basename(name, '.ts')));
    }
    contracts.push(...contractsIn({ feedRequests, deadLetterRequests }, '../platform/contract/event'));
    assert.ok(contracts.length > 15);
  });

  /** Everything that a service's HTTP API offers. */
  const apiOf = (service: ServiceName): Operations[] => {
    const { publishes, subscribesTo } = REGISTRY[service];
    const own = contracts.filter(({ file }) => file === service).map(({ operations }) => operations);
    return [...own, ...(publishes ? [feedRequests] : []), ...(subscribesTo.length > 0 ? [deadLetterRequests] : [])];
  };

  for (const service of SERVICES) {
    it(`declare no two operations of the ${service} service with one name`, () => {
      const names = apiOf(service).flatMap((operations) => Object.keys(operations));
      assert.ok(names.length > 0);
      assert.deepEqual(duplicatesIn(names), []);
    });
  }

  // Spread into the user service's contract, where a later operation of the same name would replace an earlier one.
  for (const part of ['session', 'client']) {
    it(`keep every operation of activities/${part}.ts in the user service's contract`, () => {
      const [user] = apiOf('user');
      for (const { operations } of contracts.filter(({ file }) => file === part)) {
        for (const [name, operation] of Object.entries(operations)) assert.equal(user![name], operation, name);
      }
    });
  }

  it('keep every operation of the parts of the order service’s contract in it', () => {
    const whole = contracts.filter(({ file }) => file === 'order' || file === 'order-bookkeeping');
    const kept = Object.assign({}, ...whole.map(({ operations }) => operations)) as Operations;
    const parts = ['parcel', 'order-intervention', 'order-note', 'order-search', 'sales-report'];
    for (const { where, operations } of contracts.filter(({ file }) => parts.includes(file))) {
      for (const [name, operation] of Object.entries(operations)) assert.equal(kept[name], operation, where);
    }
  });

  it('declare no two activities with one name: workflows call those of several services by name alone', () => {
    // The activities of parcels are part of the order service's.
    const all = allOperations().filter(({ where }) => !where.includes('parcelActivities'));
    const names = all.flatMap(({ kind, name }) => (kind === 'Activities' ? [name] : []));
    assert.ok(names.length > 20);
    assert.deepEqual(duplicatesIn(names), []);
  });

  it('declare every activity as repeatable', () => {
    for (const { where, kind, operation } of allOperations()) {
      if (kind === 'Activities') assert.equal(operation.repeatable, true, where);
    }
  });

  it('list each refusal code once per operation, in CamelCase', () => {
    for (const { where, operation } of allOperations()) {
      assert.deepEqual(duplicatesIn(operation.refuses), [], where);
      for (const code of operation.refuses) assert.match(code, /^(?:[A-Z][a-z]+)+$/, where);
    }
  });

  it('let every paginated list refuse cursors that it did not return', () => {
    for (const { where, operation } of allOperations()) {
      const page = operation.response.safeParse({ items: [], next: null });
      const isPaginated = page.success && (page.data as { next?: null }).next === null;
      assert.equal(operation.refuses.includes('BadCursor'), isPaginated || where.endsWith('readFeed'), where);
    }
  });
});
