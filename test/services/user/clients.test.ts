import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { UserRequests } from '../../../activities/user.ts';
import type { UserDatabase } from '../../../services/user/database.ts';
import { createPasswords } from '../../../services/user/passwords.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('API clients', () => {
  let database: FreshDatabase<UserDatabase>;
  let users: UserRequests;
  before(async () => {
    database = await freshDatabase<UserDatabase>('user');
    users = await createUserRequests(database.db, createPasswords({ memoryKib: 8, passes: 1, parallelism: 1 }));
  });
  after(() => database.drop());

  const scanner = () =>
    users.createClient({ name: 'scanner', scopes: ['stock:read', 'stock:read'], createdBy: 'boss' });
  const signIn = (clientId: string, secret: string) => users.authenticateClient({ clientId, secret });
  const bad = { code: 'BadClient' };

  it('sign in with their secret, of which only a digest is stored', async () => {
    const { secret, ...client } = await scanner();
    assert.match(secret, /^cs_[\w-]{43}$/);
    assert.deepEqual(client.scopes, ['stock:read']);
    assert.deepEqual(await signIn(client.id, secret), client);
    assert.ok((await users.listClients({})).items.some(({ id }) => id === client.id));
    const stored = JSON.stringify(await database.db.selectFrom('clients').selectAll().execute());
    assert.ok(!stored.includes(secret));
  });

  it('cannot sign in with any other secret or id', async () => {
    const { id, secret } = await scanner();
    const other = await scanner();
    for (const [clientId, tried] of [
      [id, other.secret],
      [id, ''],
      [id, `${secret} `],
      [randomUUID(), secret],
      ['scanner', secret],
      ['no\0id', secret],
    ] as const) {
      await assert.rejects(signIn(clientId, tried), bad);
    }
  });

  it('can use the previous secret for a day', async () => {
    const { id, secret: first } = await scanner();
    const { secret: second } = await users.renewClientSecret({ clientId: id });
    await signIn(id, first);
    await signIn(id, second);
    await database.db
      .updateTable('clients')
      .set({ previous_until: sql`now()` })
      .where('id', '=', id)
      .execute();
    await assert.rejects(signIn(id, first), bad);
    const { secret: third } = await users.renewClientSecret({ clientId: id });
    await signIn(id, second);
    await signIn(id, third);
    await assert.rejects(signIn(id, first), bad);
  });

  it('cannot sign in after they are deleted, and are listed as ended', async () => {
    const { id, secret } = await scanner();
    const { asOf } = await users.endedSince({ since: new Date(0).toISOString() });
    await users.deleteClient({ clientId: id });
    await assert.rejects(signIn(id, secret), bad);
    assert.deepEqual(
      (await users.endedSince({ since: asOf })).items.map((item) => item.id),
      [id],
    );
    for (const clientId of [id, randomUUID(), 'scanner']) {
      await assert.rejects(users.deleteClient({ clientId }), { code: 'ClientNotFound' });
      await assert.rejects(users.renewClientSecret({ clientId }), { code: 'ClientNotFound' });
    }
  });

  it('are at most two hundred', async () => {
    const { items } = await users.listClients({});
    await database.db
      .insertInto('clients')
      .values(
        Array.from({ length: 200 - items.length }, () => ({
          id: randomUUID(),
          name: 'one of many',
          scopes: ['stock:read'],
          secret_hash: Buffer.alloc(32),
          created_by: 'boss',
        })),
      )
      .execute();
    await assert.rejects(scanner(), { code: 'TooManyClients' });
  });
});
