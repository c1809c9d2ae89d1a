import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { DeadLetter } from '../../../platform/contract/event.ts';
import { type ServiceUrls, connectServices, createSubscribers } from '../../../gateway/upstream/service-clients.ts';
import type { InboxDatabase } from '../../../platform/events/inbox.ts';
import { SERVICES, type ServiceName } from '../../../services/registry.ts';
import { freshDatabase } from '../../stage/fresh-database.ts';
import { NOW } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

async function hasInbox(service: ServiceName): Promise<boolean> {
  const database = await freshDatabase<InboxDatabase>(service);
  const tables = await database.db.introspection.getTables();
  await database.drop();
  return tables.some(({ name }) => name === 'inbox');
}

const letterOf = (difference: Partial<DeadLetter>): DeadLetter => ({
  eventId: randomUUID(),
  publisher: 'order',
  type: 'order.confirmed',
  subject: randomUUID(),
  time: NOW,
  data: { orderId: 'o' },
  attempts: 12,
  lastError: 'Error: no',
  nextAttemptAt: NOW,
  receivedAt: NOW,
  waitingBehind: 0,
  ...difference,
});

describe('dead letters', () => {
  let gateway: Harness;
  beforeEach(async () => {
    gateway = await startHarness();
  });
  afterEach(() => gateway.close());

  const list = async (path = '/v1/admin/dead-letters') => {
    const { status, text } = await gateway.call(`GET ${path}`, { as: gateway.admin });
    assert.equal(status, 200);
    return JSON.parse(text) as {
      items: { id: string; subscriber: string }[];
      next: string | null;
      unavailable: string[];
    };
  };
  const at = (minute: number) => `2026-01-05T09:0${minute}:00.000Z`;

  it('of all subscribers are merged into one list, newest first, with pages', async () => {
    const { deadLetters } = gateway.services.events;
    deadLetters.notification.push(...[1, 3, 5].map((minute) => letterOf({ receivedAt: at(minute) })));
    deadLetters.recommendation.push(...[2, 4].map((minute) => letterOf({ receivedAt: at(minute) })));
    const all = await list();
    assert.deepEqual(
      all.items.map(({ subscriber }) => subscriber),
      ['notification', 'recommendation', 'notification', 'recommendation', 'notification'],
    );
    const paged: string[] = [];
    for (let next: string | null = '/v1/admin/dead-letters?limit=2'; next;) {
      const page = await list(next);
      paged.push(...page.items.map(({ id }) => id));
      next = page.next;
    }
    assert.deepEqual(
      paged,
      all.items.map(({ id }) => id),
    );
    assert.deepEqual((await gateway.call('GET /v1/admin/dead-letters?cursor=x', { as: gateway.admin })).status, 400);
  });

  it('are listed even if a subscriber is unavailable, which the response names', async () => {
    const { deadLetters, down } = gateway.services.events;
    deadLetters.notification.push(letterOf({}));
    down.add('recommendation');
    const { items, unavailable } = await list();
    assert.deepEqual([items.length, unavailable], [1, ['recommendation']]);
  });

  it('are read from every service that has an inbox', async function () {
    this.timeout(60_000);
    const anywhere = new Proxy({}, { get: () => ['http://127.0.0.1:1'] }) as ServiceUrls;
    const found = Object.keys(createSubscribers(connectServices(anywhere, '')));
    const subscribers = await Promise.all(SERVICES.map(async (name) => ((await hasInbox(name)) ? [name] : [])));
    assert.ok(subscribers.length > 0);
    assert.deepEqual(found.toSorted(), subscribers.flat().toSorted());
  });

  it('are resolved by an admin, once', async () => {
    const letter = letterOf({});
    gateway.services.events.deadLetters.notification.push(letter);
    const { id } = (await list()).items[0]!;
    const body = { action: 'discard', note: 'informed by telephone' };
    const resolve = (which: string, key = 'k') =>
      gateway.call(`POST /v1/admin/dead-letters/${which}/resolve`, { as: gateway.admin, key, body });
    assert.deepEqual([(await resolve(id)).status, (await resolve(id)).status], [204, 204]);
    const { resolved } = gateway.services.events;
    assert.deepEqual(resolved, [{ eventId: letter.eventId, ...body, resolvedBy: gateway.admin.id }]);
    for (const unknown of [`notification.${randomUUID()}`, `nobody.${letter.eventId}`, 'constructor.x', 'x']) {
      assert.equal((await resolve(unknown, unknown)).status, 404, unknown);
    }
  });

  it('are for admins', async () => {
    for (const path of ['/v1/admin/dead-letters', '/v1/admin/mailbox']) {
      assert.equal((await gateway.call(`GET ${path}`, { as: gateway.customer })).status, 403);
    }
  });
});
