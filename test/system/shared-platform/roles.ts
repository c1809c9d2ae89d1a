import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { expectStatus } from '../../stage/api-client.ts';
import { type Platform, sharedPlatform } from '../../stage/test-platform.ts';
import {
  PASSWORD,
  type ShopUser,
  newCustomer,
  newGuest,
  newStaff,
  orderRequest,
  signInAsAdmin,
} from '../../stage/shop-users.ts';
import { ALLOWED_CALLER, ALLOWED_GUESTS, type Caller, type StaffRole, isAllowedTo, isForStaff } from '../roles.ts';
import { createObjects } from '../roles-objects.ts';

const FORM = 'application/x-www-form-urlencoded';

/** A valid body for each operation that needs one; `sku` is the SKU of a product. */
const bodiesOf = (sku: string): Record<string, unknown> => ({
  changeProfile: { name: 'Ada' },
  changePassword: { currentPassword: PASSWORD, newPassword: PASSWORD },
  requestPasswordReset: { email: `${randomUUID()}@example.com` },
  resetPassword: { password: PASSWORD },
  changeUser: { role: 'viewer', reason: 'joined' },
  createClient: { name: 'scanner', scopes: ['stock:read'] },
  createProduct: { sku: `T-${randomUUID()}`, name: 'Mug', price: { amountMinor: 100, currency: 'GBP' } },
  changeProduct: { name: 'Tea' },
  adjustStock: { delta: 1, reason: 'delivered' },
  setCartLine: { quantity: 1 },
  placeOrder: orderRequest({ sku }),
  cancelOrder: { reason: 'ordered twice' },
  changeOrder: { shippingAddress: orderRequest({ sku }).shippingAddress },
  namePaymentMethod: { paymentMethod: 'pm_card_visa' },
  splitOrder: { parcels: [{ lines: [{ sku, quantity: 1 }] }] },
  resolveParcel: { action: 'wait', note: 'looked into it' },
  askReturn: { lines: [{ sku, quantity: 1 }], reason: 'broken' },
  askRefund: { amount: { amountMinor: 1, currency: 'GBP' }, reason: 'goodwill' },
  addNote: { text: 'called' },
  receiveReturn: { lines: [{ sku, quantity: 1, condition: 'resellable' }] },
  resolveIntervention: { action: 'skip', note: 'looked into it' },
  resolveDeadLetter: { action: 'discard', note: 'looked into it' },
  createWebhookEndpoint: { url: 'http://127.0.0.1:9/', events: ['order.confirmed'] },
});

interface Operation {
  operationId: string;
  method: string;
  template: string;
  needsBody: boolean;
}

describe('every operation', function () {
  this.timeout(120_000);
  const platform = sharedPlatform();
  let owner: ShopUser;
  let other: ShopUser;
  let admin: ShopUser;
  let guest: ShopUser;
  let staff: Record<Exclude<StaffRole, 'admin'>, ShopUser>;
  let objects: Record<string, string>;
  let bodies: Record<string, unknown>;
  let operations: Operation[];
  before(async () => {
    [owner, other, admin] = await Promise.all([newCustomer(platform), newCustomer(platform), signInAsAdmin(platform)]);
    const [viewer, support, fulfilment] = await Promise.all(
      (['viewer', 'support', 'fulfilment'] as const).map((role) => newStaff(platform, admin, role)),
    );
    guest = await newGuest(platform);
    staff = { viewer: viewer!, support: support!, fulfilment: fulfilment! };
    objects = await createObjects(platform, owner, admin);
    bodies = bodiesOf(objects.sku!);
    operations = await operationsOf(platform);
  });

  const as = (...callers: Caller[]) =>
    operations.filter(({ operationId }) => callers.includes(ALLOWED_CALLER[operationId]!));

  async function statusOf({ operationId, method, template, needsBody }: Operation, caller: ShopUser | undefined) {
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(objects[name] ?? assert.fail(`createObjects creates no ${name}, which ${operationId} needs`)),
    );
    const isForm = operationId === 'grantClientToken';
    const aborted = new AbortController();
    const response = await fetch(platform.api + path, {
      method,
      headers: {
        ...(caller && { authorization: `Bearer ${caller.token}` }),
        ...(needsBody && { 'content-type': isForm ? FORM : 'application/json' }),
        'idempotency-key': randomUUID(),
        'if-match': '*',
      },
      ...(needsBody && {
        body: isForm ? 'grant_type=client_credentials' : JSON.stringify(bodies[operationId] ?? {}),
      }),
      signal: aborted.signal,
    });
    // A stream would not end.
    aborted.abort();
    return response.status;
  }

  /** Calls the operations one after the other; returns the status of each. */
  async function statusesOf(called: Operation[], caller: ShopUser | undefined): Promise<Record<string, number>> {
    const statuses: Record<string, number> = {};
    for (const operation of called) statuses[operation.operationId] = await statusOf(operation, caller);
    return statuses;
  }
  const all = (called: Operation[], status: number) =>
    Object.fromEntries(called.map(({ operationId }) => [operationId, status]));
  const expectNoneRefused = (statuses: Record<string, number>) => {
    const refused = Object.entries(statuses).filter(([, status]) =>
      [401, 403, 404, 400, 415, 422, 428].includes(status),
    );
    assert.deepEqual(refused, []);
  };

  it('has an entry for its allowed callers', () => {
    const names = operations.map(({ operationId }) => operationId);
    assert.deepEqual(Object.keys(ALLOWED_CALLER).toSorted(), names.toSorted());
    const bodiless = operations.filter(
      ({ needsBody, operationId }) =>
        needsBody && ALLOWED_CALLER[operationId] !== 'anyone' && !isProof(operationId) && !(operationId in bodies),
    );
    assert.deepEqual(bodiless, []);
  });

  it('that needs no account works without one', async () => {
    expectNoneRefused(
      await statusesOf(
        as('anyone').filter(({ needsBody }) => !needsBody),
        undefined,
      ),
    );
  });

  it('that needs an account refuses anonymous callers', async () => {
    const closed = operations.filter(({ operationId }) => !['anyone', 'link'].includes(ALLOWED_CALLER[operationId]!));
    assert.deepEqual(await statusesOf(closed, undefined), all(closed, 401));
  });

  it('about an object with an owner responds 404 to others', async () => {
    const owned = as(...OWNED);
    assert.deepEqual(await statusesOf(owned, other), all(owned, 404));
    assert.deepEqual(await statusesOf(as('owner'), admin), all(as('owner'), 404));
  });

  it('by a link of an e-mail responds 404 without one', async () => {
    assert.deepEqual(await statusesOf(as('link'), undefined), all(as('link'), 404));
  });

  for (const role of ['viewer', 'support', 'fulfilment'] as const) {
    it(`that the role ${role} does not include is refused to it: 403, or 404 for an object of somebody else`, async () => {
      const closed = operations.filter(({ operationId }) => !isAllowedTo(role, operationId));
      const [forbidden, owned] = [closed.filter(({ operationId }) => isForStaff(operationId)), closed.filter(isOwned)];
      assert.deepEqual(await statusesOf(forbidden, staff[role]), all(forbidden, 403));
      assert.deepEqual(await statusesOf(owned, staff[role]), all(owned, 404));
    });
  }

  it('for staff is forbidden to customers, whosever object it is about', async () => {
    const theirs = operations.filter(({ operationId }) => isForStaff(operationId));
    assert.deepEqual(await statusesOf(theirs, owner), all(theirs, 403));
    assert.deepEqual(await statusesOf(theirs, other), all(theirs, 403));
  });

  it('that needs an account is forbidden to guests, and one about an object of somebody else is 404', async () => {
    const [theirs, closed] = [
      operations.filter(({ operationId }) => ALLOWED_GUESTS.has(operationId)),
      operations.filter(
        ({ operationId }) =>
          !ALLOWED_GUESTS.has(operationId) && !['anyone', 'link', 'proof'].includes(ALLOWED_CALLER[operationId]!),
      ),
    ];
    assert.deepEqual(await statusesOf(closed, guest), all(closed, 403));
    const owned = theirs.filter(isOwned);
    assert.deepEqual(await statusesOf(owned, guest), all(owned, 404));
    expectNoneRefused(await statusesOf(theirs.filter((operation) => !isOwned(operation)).toSorted(deletesLast), guest));
  });

  for (const role of ['viewer', 'support', 'fulfilment'] as const) {
    it(`that the role ${role} includes is allowed to it, and kept in the audit trail if it changes something`, async () => {
      const open = operations.filter(({ operationId }) => isAllowedTo(role, operationId));
      expectNoneRefused(await statusesOf(open, staff[role]));
      const query = { actor: staff[role].id, limit: 100 };
      const { items } = await expectStatus(200, admin.api.GET('/v1/admin/audit', { params: { query } }));
      const changing = open.filter(({ method }) => method !== 'GET').map(({ operationId }) => operationId);
      const kept = items.map(({ operation }) => operation);
      assert.deepEqual(
        changing.filter((operation) => !kept.includes(operation)),
        [],
      );
      assert.deepEqual(
        items.filter(({ status }) => status === null),
        [],
      );
      if (role === 'viewer') assert.deepEqual(items, []);
    });
  }

  // From here on objects are deleted, and in the end the owner's session.
  it('is allowed to the owner', async () => {
    expectNoneRefused(await statusesOf(as('signed in', ...OWNED).toSorted(deletesLast), owner));
  });

  it('is allowed to admins for every object that is not personal', async () => {
    const open = operations.filter(
      ({ operationId }) => isAllowedTo('admin', operationId) || ALLOWED_CALLER[operationId] === 'signed in',
    );
    const { resolveDeadLetter, ...statuses } = await statusesOf(open.toSorted(deletesLast), admin);
    expectNoneRefused(statuses);
    assert.equal(resolveDeadLetter, 404);
  });
});

const OWNED = ['owner', 'owner or viewer', 'owner or support'] as const;
const isOwned = ({ operationId }: Operation): boolean =>
  (OWNED as readonly Caller[]).includes(ALLOWED_CALLER[operationId]!);
/** Form-encoded or signed bodies. */
const isProof = (operationId: string): boolean => ALLOWED_CALLER[operationId] === 'proof';

// The first of them ends all other sessions.
const SIGNING_OUT = ['changePassword', 'signOut'];
/** Operations that delete an object come after those that need it. */
const deletesLast = (one: Operation, next: Operation): number => rank(one) - rank(next);
const rank = ({ operationId, method }: Operation): number =>
  SIGNING_OUT.includes(operationId) ? 2 : Number(method === 'DELETE');

async function operationsOf({ api }: Platform): Promise<Operation[]> {
  const { paths } = (await (await fetch(`${api}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string; requestBody?: unknown }>>;
  };
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { operationId, requestBody }]) => ({
      operationId,
      template,
      method: method.toUpperCase(),
      needsBody: requestBody !== undefined,
    })),
  );
}
