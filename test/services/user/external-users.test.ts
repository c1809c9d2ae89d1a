import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { UserRequests } from '../../../activities/user.ts';
import type { UserDatabase } from '../../../services/user/database.ts';
import { createPasswords } from '../../../services/user/passwords.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('users of an external issuer', () => {
  let database: FreshDatabase<UserDatabase>;
  let users: UserRequests;
  before(async () => {
    database = await freshDatabase<UserDatabase>('user');
    users = await createUserRequests(database.db, createPasswords({ memoryKib: 8, passes: 1, parallelism: 1 }));
  });
  after(() => database.drop());

  const externalUser = () => {
    const userId = randomUUID();
    return { userId, name: 'Ada', email: `${userId}@example.com`, role: 'customer' as const };
  };
  const eventsOf = async (userId: string) => {
    const events = database.db.selectFrom('outbox').selectAll().where('subject', '=', userId).orderBy('sequence');
    return (await events.execute()).map(({ type, data }) => ({ type, data }));
  };
  const typesOf = async (userId: string) => (await eventsOf(userId)).map(({ type }) => type);

  it('get one profile, even if several replicas see them first at once', async () => {
    const person = externalUser();
    await Promise.all(Array.from({ length: 6 }, () => users.ensureUser(person)));
    const { userId, email } = person;
    assert.equal((await users.getUser({ userId })).email, email);
    assert.deepEqual(await eventsOf(userId), [
      { type: 'user.created', data: { userId, email, name: 'Ada', role: 'customer', hasPassword: false } },
    ]);
  });

  it('have the role that the issuer gives them now', async () => {
    const person = externalUser();
    await users.ensureUser(person);
    assert.equal((await users.ensureUser({ ...person, role: 'admin' })).role, 'admin');
    assert.equal((await users.ensureUser(person)).role, 'customer');
    assert.deepEqual(await typesOf(person.userId), ['user.created', 'user.updated', 'user.updated']);
  });

  it('keep the name that they chose here', async () => {
    const person = externalUser();
    await users.ensureUser(person);
    await users.updateUser({ userId: person.userId, name: 'Countess' });
    assert.equal((await users.ensureUser(person)).name, 'Countess');
  });

  it('get the e-mail address that the issuer sends later, once it is free', async () => {
    const { email, ...person } = externalUser();
    const taken = `grace.${randomUUID()}@example.com`;
    await users.register({ email: taken, password: 'correct horse battery', name: 'Grace' });
    assert.match((await users.ensureUser(person)).email, /@unknown\.invalid$/);
    assert.match((await users.ensureUser({ ...person, email: taken })).email, /@unknown\.invalid$/);
    assert.equal((await users.ensureUser({ ...person, email })).email, email);
    assert.equal((await users.ensureUser({ ...person, email: `other.${email}` })).email, email);
    assert.deepEqual(await typesOf(person.userId), ['user.created', 'user.updated']);
  });

  it('get no access to a local account with their e-mail address, and cannot sign in with a password', async () => {
    const email = `grace.${randomUUID()}@example.com`;
    const password = 'correct horse battery';
    const local = await users.register({ email, password, name: 'Grace' });
    const person = { ...externalUser(), email: email.toUpperCase() };
    const opened = await users.ensureUser(person);
    assert.notEqual(opened.id, local.id);
    assert.equal(opened.email, `${person.userId}@unknown.invalid`);
    assert.equal((await users.getUser({ userId: local.id })).email, email);
    await assert.rejects(users.signIn({ email: opened.email, password }), { code: 'BadCredentials' });
  });
});
