import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { OpenSession } from '../../../activities/session.ts';
import { Register, type UserRequests } from '../../../activities/user.ts';
import type { UserDatabase } from '../../../services/user/database.ts';
import { type Argon2Parameters, type Passwords, createPasswords } from '../../../services/user/passwords.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('user service', () => {
  let database: FreshDatabase<UserDatabase>;
  let users: UserRequests;
  // The minimum of Argon2: these tests are not about the cost of hashing.
  const cheap: Argon2Parameters = { memoryKib: 8, passes: 1, parallelism: 1 };
  const passwords = createPasswords(cheap);

  before(async () => {
    database = await freshDatabase<UserDatabase>('user');
    users = await createUserRequests(database.db, passwords);
  });
  after(() => database.drop());

  const PASSWORD = 'correct horse battery staple';
  const ada = (difference: Partial<Register> = {}): Register => ({
    email: `Ada.${randomUUID()}@Example.com`,
    password: PASSWORD,
    name: 'Ada Lovelace',
    ...difference,
  });
  const address = { name: 'Ada', line1: '12 St James Square', city: 'London', postalCode: 'SW1Y 4JH', country: 'GB' };
  const signIn = async (credentials: { email: string; password: string }): Promise<OpenSession> => {
    const { email, password } = credentials;
    const session = await users.signIn({ email, password });
    assert.ok('sessionId' in session);
    return session;
  };
  const eventsOf = (userId: string) =>
    database.db
      .selectFrom('outbox')
      .select(['type', 'data'])
      .where('subject', '=', userId)
      .orderBy('sequence')
      .execute();
  const hashOf = async (userId: string) =>
    (
      await database.db
        .selectFrom('credentials')
        .select('password_hash')
        .where('user_id', '=', userId)
        .executeTakeFirstOrThrow()
    ).password_hash;

  describe('register', () => {
    it('signs up a customer, keeps the e-mail address as typed and publishes an event', async () => {
      const account = ada();
      const { id, createdAt, ...user } = await users.register(account);
      const { email, name } = account;
      const fresh = { role: 'customer', shippingAddress: null, emailVerified: false, active: true, version: 1 };
      assert.deepEqual(user, { ...fresh, email, name });
      assert.deepEqual(await users.getUser({ userId: id }), { id, createdAt, ...user });
      assert.deepEqual(await eventsOf(id), [
        { type: 'user.created', data: { userId: id, email, name, role: 'customer', hasPassword: true } },
      ]);
    });

    it('accepts an e-mail address once, whatever its case, even concurrently', async () => {
      const email = `Grace.${randomUUID()}@example.com`;
      const spellings = [email, email.toUpperCase(), email.toLowerCase(), email, email];
      const outcomes = await Promise.allSettled(spellings.map((spelling) => users.register(ada({ email: spelling }))));
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.equal(refused.length, 4);
      for (const { reason } of refused) assert.equal((reason as { code: string }).code, 'EmailTaken');
    });

    it('accepts an address once, whether its domain is in Unicode or in ASCII', async () => {
      const local = randomUUID();
      const inAscii = `${local}@xn--e1afmkfd.xn--p1ai`;
      const registered = await users.register(Register.parse(ada({ email: `${local}@Пример.РФ` })));
      assert.equal(registered.email, inAscii);
      for (const spelling of [inAscii, `${local}@пример.рф`, inAscii.toUpperCase()]) {
        await assert.rejects(
          users.register(Register.parse(ada({ email: spelling }))),
          { code: 'EmailTaken' },
          spelling,
        );
        await signIn({ email: spelling, password: PASSWORD });
      }
    });

    it('shows neither the password nor its hash', async () => {
      const { id, ...user } = await users.register(ada());
      const hash = await hashOf(id);
      assert.match(hash, /^\$argon2id\$/);
      await users.updateUser({ userId: id, name: 'Ada King' });
      const shown = JSON.stringify([
        user,
        await users.getUser({ userId: id }),
        await database.db.selectFrom('outbox').selectAll().execute(),
        await database.db.selectFrom('users').selectAll().execute(),
      ]);
      for (const secret of [PASSWORD, hash, 'argon2']) assert.ok(!shown.includes(secret), secret);
    });

    it('cannot store a plain-text password', async () => {
      const { id } = await users.register(ada());
      await assert.rejects(
        database.db.updateTable('credentials').set({ password_hash: PASSWORD }).where('user_id', '=', id).execute(),
        /credentials_password_hash_check/,
      );
    });
  });

  describe('signIn', () => {
    it('identifies the user by e-mail address, whatever its case, and password', async () => {
      const account = ada();
      const user = await users.register(account);
      const session = await signIn({ email: account.email.toUpperCase(), password: PASSWORD });
      assert.deepEqual([session.userId, session.role], [user.id, 'customer']);
    });

    it('refuses a wrong password and an unknown e-mail address with the same message', async () => {
      const { email } = await users.register(ada());
      const wrong = { code: 'BadCredentials', message: 'e-mail address or password is wrong' };
      await assert.rejects(users.signIn({ email, password: `${PASSWORD} ` }), wrong);
      await assert.rejects(users.signIn({ email: 'nobody@example.com', password: PASSWORD }), wrong);
      await assert.rejects(users.signIn({ email: 'no\0body@example.com', password: PASSWORD }), wrong);
      await assert.rejects(users.signIn({ email: "' or 1=1 --", password: 'nobody' }), wrong);
      await assert.rejects(users.signIn({ email: 'nobody@example.com', password: 'nobody' }), wrong);
    });

    it('does the same work whether or not the e-mail address exists', async () => {
      const checked: string[] = [];
      const counting: Passwords = {
        ...passwords,
        verify(password, hash) {
          checked.push(hash.slice(0, hash.indexOf('p=')));
          return passwords.verify(password, hash);
        },
      };
      const watched = await createUserRequests(database.db, counting);
      const { email } = await watched.register(ada());
      await assert.rejects(watched.signIn({ email, password: 'wrong password' }));
      await assert.rejects(watched.signIn({ email: 'nobody@example.com', password: 'wrong password' }));
      assert.deepEqual(checked, ['$argon2id$v=19$m=8,t=1,', '$argon2id$v=19$m=8,t=1,']);
    });

    it('replaces the hash when the parameters have been raised, and only then', async () => {
      const account = ada();
      const { email, password } = account;
      const { id, version } = await users.register(account);
      await signIn(account);
      const old = await hashOf(id);
      const raised = await createUserRequests(database.db, createPasswords({ ...cheap, passes: 2 }));
      await assert.rejects(raised.signIn({ email, password: 'wrong password' }));
      assert.equal(await hashOf(id), old);
      await raised.signIn({ email, password });
      const renewed = await hashOf(id);
      assert.match(renewed, /\$m=8,t=2,p=1\$/);
      await raised.signIn({ email, password });
      assert.equal((await users.getUser({ userId: id })).version, version);
      assert.equal(await hashOf(id), renewed);
    });
  });

  describe('getUser and updateUser', () => {
    it('change the profile, increment its version and publish an event', async () => {
      const user = await users.register(ada());
      const change = { userId: user.id, shippingAddress: address };
      const updated = await users.updateUser({ ...change, expectedVersion: 1 });
      assert.deepEqual(updated, { ...user, shippingAddress: address, version: 2 });
      const renamed = await users.updateUser({ userId: user.id, name: 'Ada King' });
      assert.deepEqual(renamed, { ...updated, name: 'Ada King', version: 3 });
      assert.deepEqual(await users.getUser({ userId: user.id }), renamed);
      const { email } = user;
      assert.deepEqual((await eventsOf(user.id)).slice(1), [
        { type: 'user.updated', data: { userId: user.id, email, name: 'Ada Lovelace', role: 'customer' } },
        { type: 'user.updated', data: { userId: user.id, email, name: 'Ada King', role: 'customer' } },
      ]);
    });

    it('accept one of two writers with the same version', async () => {
      const { id } = await users.register(ada());
      const outcomes = await Promise.allSettled(
        ['Ada', 'Countess'].map((name) => users.updateUser({ userId: id, name, expectedVersion: 1 })),
      );
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.deepEqual(
        refused.map(({ reason }) => (reason as { code: string }).code),
        ['VersionConflict'],
      );
      assert.equal((await eventsOf(id)).length, 2);
    });

    it('refuse an unknown user', async () => {
      for (const userId of [randomUUID(), 'me', '', 'no\0body']) {
        await assert.rejects(users.getUser({ userId }), { code: 'UserNotFound' });
        await assert.rejects(users.updateUser({ userId, name: 'x' }), { code: 'UserNotFound' });
      }
    });
  });
});
