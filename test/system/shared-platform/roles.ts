import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Platform, sharedPlatform } from '../../stage/test-platform.ts';
import { PASSWORD, type Person, admin, newCustomer, wish } from '../../stage/shop-people.ts';
import { WHO_MAY, type Who } from '../roles.ts';
import { makeObjects } from '../roles-objects.ts';

const FORM = 'application/x-www-form-urlencoded';

/** A body that is right, by operation; `sku` is one that is sold. */
const bodiesOf = (sku: string): Record<string, unknown> => ({
  changeProfile: { name: 'Ada' },
  changePassword: { currentPassword: PASSWORD, newPassword: PASSWORD },
  createClient: { name: 'scanner', scopes: ['stock:read'] },
  createProduct: { sku: `T-${randomUUID()}`, name: 'Mug', price: { amountMinor: 100, currency: 'GBP' } },
  changeProduct: { name: 'Tea' },
  adjustStock: { delta: 1, reason: 'delivered' },
  setCartLine: { quantity: 1 },
  placeOrder: wish({ sku }),
  cancelOrder: { reason: 'ordered twice' },
  askReturn: { lines: [{ sku, quantity: 1 }], reason: 'broken' },
  receiveReturn: { lines: [{ sku, quantity: 1, condition: 'resellable' }] },
  resolveIntervention: { action: 'skip', note: 'looked into it' },
  resolveDeadLetter: { action: 'discard', note: 'looked into it' },
  createWebhookEndpoint: { url: 'http://127.0.0.1:9/', events: ['order.confirmed'] },
});

interface Described {
  operationId: string;
  method: string;
  template: string;
  wantsBody: boolean;
}

describe('every operation', function () {
  this.timeout(120_000);
  const platform = sharedPlatform();
  let owner: Person;
  let other: Person;
  let keeper: Person;
  let objects: Record<string, string>;
  let bodies: Record<string, unknown>;
  let operations: Described[];
  before(async () => {
    [owner, other, keeper] = await Promise.all([newCustomer(platform), newCustomer(platform), admin(platform)]);
    objects = await makeObjects(platform, owner, keeper);
    bodies = bodiesOf(objects.sku!);
    operations = await described(platform);
  });

  const as = (...who: Who[]) => operations.filter(({ operationId }) => who.includes(WHO_MAY[operationId]!));

  async function statusOf({ operationId, method, template, wantsBody }: Described, caller: Person | undefined) {
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(objects[name] ?? assert.fail(`${operationId} is about a ${name}: make one`)),
    );
    const isForm = operationId === 'grantClientToken';
    const leaving = new AbortController();
    const response = await fetch(platform.api + path, {
      method,
      headers: {
        ...(caller && { authorization: `Bearer ${caller.token}` }),
        ...(wantsBody && { 'content-type': isForm ? FORM : 'application/json' }),
        'idempotency-key': randomUUID(),
      },
      ...(wantsBody && {
        body: isForm ? 'grant_type=client_credentials' : JSON.stringify(bodies[operationId] ?? {}),
      }),
      signal: leaving.signal,
    });
    // A stream would go on.
    leaving.abort();
    return response.status;
  }

  /** What each of these operations answers to this caller, one after the other. */
  async function answers(asked: Described[], caller: Person | undefined): Promise<Record<string, number>> {
    const told: Record<string, number> = {};
    for (const operation of asked) told[operation.operationId] = await statusOf(operation, caller);
    return told;
  }
  const all = (asked: Described[], status: number) =>
    Object.fromEntries(asked.map(({ operationId }) => [operationId, status]));
  const noneRefused = (told: Record<string, number>) => {
    const refused = Object.entries(told).filter(([, status]) => [401, 403, 404, 400, 415, 422, 428].includes(status));
    assert.deepEqual(refused, []);
  };

  it('has a row that says who may', () => {
    const names = operations.map(({ operationId }) => operationId);
    assert.deepEqual(Object.keys(WHO_MAY).toSorted(), names.toSorted());
    const bodiless = as('signed in', 'owner', 'owner or admin', 'admin').filter(
      ({ wantsBody, operationId }) => wantsBody && !(operationId in bodies),
    );
    assert.deepEqual(bodiless, []);
  });

  it('that needs no account asks nobody for one', async () => {
    noneRefused(
      await answers(
        as('anyone').filter(({ wantsBody }) => !wantsBody),
        undefined,
      ),
    );
  });

  it('that needs an account is closed to whoever has none', async () => {
    const closed = as('signed in', 'owner', 'owner or admin', 'admin', 'proof');
    assert.deepEqual(await answers(closed, undefined), all(closed, 401));
  });

  it('about somebody’s object says to others that there is none', async () => {
    const owned = as('owner', 'owner or admin');
    assert.deepEqual(await answers(owned, other), all(owned, 404));
    assert.deepEqual(await answers(as('owner'), keeper), all(as('owner'), 404));
  });

  it('for admins is forbidden to customers, whosever object it is about', async () => {
    const theirs = as('admin');
    assert.deepEqual(await answers(theirs, owner), all(theirs, 403));
    assert.deepEqual(await answers(theirs, other), all(theirs, 403));
  });

  // From here on objects end, and at last the owner's session.
  it('is open to the owner', async () => {
    noneRefused(await answers(as('signed in', 'owner', 'owner or admin').toSorted(endsLast), owner));
  });

  it('is open to admins, about anybody’s object but what is personal', async () => {
    const { resolveDeadLetter, ...told } = await answers(
      as('signed in', 'owner or admin', 'admin').toSorted(endsLast),
      keeper,
    );
    noneRefused(told);
    assert.equal(resolveDeadLetter, 404);
  });
});

// The first of them signs out everywhere else.
const ENDS = ['changePassword', 'signOut'];
/** What others are about is ended after they were asked. */
const endsLast = (one: Described, next: Described): number => rank(one) - rank(next);
const rank = ({ operationId, method }: Described): number =>
  ENDS.includes(operationId) ? 2 : Number(method === 'DELETE');

async function described({ api }: Platform): Promise<Described[]> {
  const { paths } = (await (await fetch(`${api}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string; requestBody?: unknown }>>;
  };
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { operationId, requestBody }]) => ({
      operationId,
      template,
      method: method.toUpperCase(),
      wantsBody: requestBody !== undefined,
    })),
  );
}
