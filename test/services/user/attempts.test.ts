import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { UserRequests } from '../../../activities/user.ts';
import type { UserDatabase } from '../../../services/user/database.ts';
import { type Passwords, createPasswords } from '../../../services/user/passwords.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { withFrozenClock } from '../../stage/frozen-clock.ts';

describe('attempts to sign in', () => {
  let database: FreshDatabase<UserDatabase>;
  // The shortest wait is a second: by a clock that runs, it may be over before the next attempt.
  let db: Kysely<UserDatabase>;
  let users: UserRequests;
  let checks = 0;
  const cheap = createPasswords({ memoryKib: 8, passes: 1, parallelism: 1 });
  const passwords: Passwords = { ...cheap, verify: (...asked) => ((checks += 1), cheap.verify(...asked)) };
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
  const attempt = async (email: string, word: string, address?: string): Promise<Outcome> => {
    try {
      const answer = await users.signIn({ email, password: word, ...(address && { address }) });
      return 'waitSeconds' in answer ? answer.waitSeconds : 'in';
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
  const pass = (seconds: number) =>
    db
      .updateTable('sign_in_attempts')
      .set({
        last_at: sql`last_at - ${seconds} * interval '1 second'`,
        blocked_until: sql`blocked_until - ${seconds} * interval '1 second'`,
      })
      .execute();

  it('may be wrong nine times; then each must wait twice as long as the last, a quarter of an hour at most', async () => {
    const email = await signUp();
    assert.deepEqual(await guess(email, 11), [...Array<Outcome>(10).fill('wrong'), 1]);
    const waits: Outcome[] = [];
    for (const wait of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
      await pass(wait);
      assert.equal(await attempt(email, 'a guess'), 'wrong');
      waits.push(await attempt(email, 'a guess'));
    }
    assert.deepEqual(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it('are not looked at while they must wait, even right ones', async () => {
    const email = await signUp();
    await guess(email, 10);
    const before = checks;
    assert.equal(await attempt(email, password), 1);
    assert.equal(checks, before);
    await pass(1);
    assert.equal(await attempt(email, password), 'in');
  });

  it('tell nobody whether there is such an account: where there is none, it is the same', async () => {
    const [somebody, nobody] = [await signUp(), `nobody.${randomUUID()}@example.com`];
    assert.deepEqual(await guess(nobody, 12), await guess(somebody, 12));
    assert.equal(await attempt(nobody.toUpperCase(), 'a guess'), 1);
  });

  it('are counted when many are made at once', async () => {
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

  it('are forgotten once one is right, or after a day', async () => {
    const email = await signUp();
    await guess(email, 9);
    assert.equal(await attempt(email, password), 'in');
    assert.deepEqual(await guess(email, 10), Array(10).fill('wrong'));
    await pass(86_401);
    assert.deepEqual(await guess(email, 10), Array(10).fill('wrong'));
  });

  it('of strangers do not keep the owner out who comes from where they signed in before', async () => {
    const email = await signUp();
    assert.equal(await attempt(email, password, home), 'in');
    await guess(email, 20, elsewhere);
    assert.equal(await attempt(email, password, elsewhere), 1);
    assert.equal(await attempt(email, password, home), 'in');
    // And that the owner came in gives the stranger no further guesses.
    assert.equal(await attempt(email, 'a guess', elsewhere), 1);
  });

  it('from a known place are bounded too', async () => {
    const email = await signUp();
    await attempt(email, password, home);
    assert.deepEqual(await guess(email, 11, home), [...Array<Outcome>(10).fill('wrong'), 1]);
  });

  it('know a household by its IPv6 network, and IPv4 in either spelling', async () => {
    const email = await signUp();
    await attempt(email, password, '2001:db8:1:2::77');
    await attempt(email, password, '::ffff:192.0.2.1');
    await guess(email, 11);
    assert.equal(await attempt(email, password, '2001:db8:1:2:9999::1'), 'in');
    assert.equal(await attempt(email, password, home), 'in');
    assert.notEqual(await attempt(email, password, '2001:db8:1:3::77'), 'in');
  });
});
