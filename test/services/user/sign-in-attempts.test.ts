import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { UserRequests } from '../../../activities/user.ts';
import type { UserDatabase } from '../../../services/user/database.ts';
import { type Passwords, createPasswords } from '../../../services/user/passwords.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { withFrozenClock } from '../../stage/frozen-clock.ts';

describe('sign-in attempts', () => {
  let database: FreshDatabase<UserDatabase>;
  // The shortest wait is a second, which could pass on a running clock before the next attempt.
  let db: Kysely<UserDatabase>;
  let users: UserRequests;
  let checks = 0;
  const cheap = createPasswords({ memoryKib: 8, passes: 1, parallelism: 1 });
  const passwords: Passwords = { ...cheap, verify: (...given) => ((checks += 1), cheap.verify(...given)) };
  before(async () => {
    database = await freshDatabase<UserDatabase>('user');
    db = await withFrozenClock(database);
    users = await createUserRequests(db, passwords);
  });
  after(async () => {
    await db.destroy();
    await database.drop();
  });
  beforeEach(async () => {
    await db.deleteFrom('sign_in_attempts').execute();
    checks = 0;
  });

  const password = 'correct horse battery';
  const [home, elsewhere] = ['192.0.2.1', '198.51.100.9'];
  const signUp = async () => {
    const email = `ada.${randomUUID()}@example.com`;
    await users.register({ email, password, name: 'Ada' });
    return email;
  };
  type Outcome = 'in' | 'wrong' | number;
  const attempt = async (email: string, typed: string, address?: string): Promise<Outcome> => {
    try {
      const response = await users.signIn({ email, password: typed, ...(address && { address }) });
      return 'waitSeconds' in response ? response.waitSeconds : 'in';
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'BadCredentials');
      return 'wrong';
    }
  };
  const guess = async (email: string, times: number, address?: string) => {
    const outcomes: Outcome[] = [];
    for (let time = 0; time < times; time += 1) outcomes.push(await attempt(email, 'a guess', address));
    return outcomes;
  };
  const letPass = (seconds: number) =>
    db
      .updateTable('sign_in_attempts')
      .set({
        last_at: sql`last_at - ${seconds} * interval '1 second'`,
        blocked_until: sql`blocked_until - ${seconds} * interval '1 second'`,
      })
      .execute();

  it('may fail ten times; then each failure doubles the wait, to at most 15 minutes', async () => {
    const email = await signUp();
    assert.deepEqual(await guess(email, 11), [...Array<Outcome>(10).fill('wrong'), 1]);
    const waits: Outcome[] = [];
    for (const wait of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
      await letPass(wait);
      assert.equal(await attempt(email, 'a guess'), 'wrong');
      waits.push(await attempt(email, 'a guess'));
    }
    assert.deepEqual(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it('are not checked during the wait, even with the correct password', async () => {
    const email = await signUp();
    await guess(email, 10);
    const before = checks;
    assert.equal(await attempt(email, password), 1);
    assert.equal(checks, before);
    await letPass(1);
    assert.equal(await attempt(email, password), 'in');
  });

  it('do not reveal whether the account exists: the responses are the same', async () => {
    const [existing, unknown] = [await signUp(), `nobody.${randomUUID()}@example.com`];
    assert.deepEqual(await guess(unknown, 12), await guess(existing, 12));
    assert.equal(await attempt(unknown.toUpperCase(), 'a guess'), 1);
  });

  it('are counted when many are made concurrently', async () => {
    const email = await signUp();
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => attempt(email, 'a guess')));
    assert.equal(outcomes.filter((outcome) => outcome === 'wrong').length, 10);
    assert.equal(checks, 10);
  });

  it('are counted across replicas and restarts', async () => {
    const email = await signUp();
    await guess(email, 10);
    const another = await createUserRequests(db, passwords);
    assert.deepEqual(await another.signIn({ email, password }), { waitSeconds: 1 });
  });

  it('are forgotten after a success, or after a day', async () => {
    const email = await signUp();
    await guess(email, 9);
    assert.equal(await attempt(email, password), 'in');
    assert.deepEqual(await guess(email, 10), Array(10).fill('wrong'));
    await letPass(86_401);
    assert.deepEqual(await guess(email, 10), Array(10).fill('wrong'));
  });

  it('by strangers do not lock out the owner at an address of an earlier sign-in', async () => {
    const email = await signUp();
    assert.equal(await attempt(email, password, home), 'in');
    await guess(email, 20, elsewhere);
    assert.equal(await attempt(email, password, elsewhere), 1);
    assert.equal(await attempt(email, password, home), 'in');
    // The owner's sign-in gives the stranger no further guesses.
    assert.equal(await attempt(email, 'a guess', elsewhere), 1);
  });

  it('from a known address are limited too', async () => {
    const email = await signUp();
    await attempt(email, password, home);
    assert.deepEqual(await guess(email, 11, home), [...Array<Outcome>(10).fill('wrong'), 1]);
  });

  it('identify a household by its IPv6 network, and IPv4 in either notation', async () => {
    const email = await signUp();
    await attempt(email, password, '2001:db8:1:2::77');
    await attempt(email, password, '::ffff:192.0.2.1');
    await guess(email, 11);
    assert.equal(await attempt(email, password, '2001:db8:1:2:9999::1'), 'in');
    assert.equal(await attempt(email, password, home), 'in');
    assert.notEqual(await attempt(email, password, '2001:db8:1:3::77'), 'in');
  });
});
