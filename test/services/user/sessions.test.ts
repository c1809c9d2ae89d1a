import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { OpenSession } from '../../../activities/session.ts';
import type { UserRequests } from '../../../activities/user.ts';
import type { UserDatabase } from '../../../services/user/database.ts';
import { createPasswords } from '../../../services/user/passwords.ts';
import { purge } from '../../../services/user/purge.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { withFrozenClock } from '../../stage/frozen-clock.ts';

describe('sessions', () => {
  let database: FreshDatabase<UserDatabase>;
  let users: UserRequests;
  const passwords = createPasswords({ memoryKib: 8, passes: 1, parallelism: 1 });
  before(async () => {
    database = await freshDatabase<UserDatabase>('user');
    users = await createUserRequests(database.db, passwords);
  });
  after(() => database.drop());

  const password = 'correct horse battery';
  const signUp = async () => {
    const email = `ada.${randomUUID()}@example.com`;
    const { id } = await users.register({ email, password, name: 'Ada' });
    return { email, userId: id, credentials: { email, password } };
  };
  const signIn = async (credentials: { email: string; password: string }): Promise<OpenSession> => {
    const answer = await users.signIn(credentials);
    assert.ok('sessionId' in answer);
    return answer;
  };
  const refresh = ({ refreshToken }: { refreshToken: string }) => users.refreshSession({ refreshToken });
  const hasEnded = (session: { refreshToken: string }) => assert.rejects(refresh(session), { code: 'SessionEnded' });
  /** Lets time pass for one session: its own, and that of the tokens it spent. */
  const pass = async ({ sessionId }: OpenSession, time: string) => {
    const by = sql`${time}::interval`;
    await database.db
      .updateTable('sessions')
      .set({ last_used_at: sql`last_used_at - ${by}`, expires_at: sql`expires_at - ${by}` })
      .where('id', '=', sessionId)
      .execute();
    await database.db
      .updateTable('refresh_tokens')
      .set({ spent_at: sql`spent_at - ${by}` })
      .where('session_id', '=', sessionId)
      .execute();
  };
  const reasonOf = async ({ sessionId }: OpenSession) => {
    const session = database.db.selectFrom('sessions').select('end_reason').where('id', '=', sessionId);
    return (await session.executeTakeFirstOrThrow()).end_reason;
  };

  describe('refreshing', () => {
    it('goes on with one session and another token each time', async () => {
      const { credentials, userId } = await signUp();
      const first = await signIn(credentials);
      const second = await refresh(first);
      const third = await refresh(second);
      assert.deepEqual([third.sessionId, third.userId, third.role], [first.sessionId, userId, 'customer']);
      assert.equal(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size, 3);
      assert.match(third.refreshToken, /^rt_[\w-]{43}$/);
    });

    it('gives the same successor to whoever asks again because the answer was lost', async () => {
      const first = await signIn((await signUp()).credentials);
      const second = await refresh(first);
      await pass(first, '25 seconds');
      assert.deepEqual(await refresh(first), second);
      await refresh(second);
    });

    it('gives one successor to many that ask at once', async () => {
      const first = await signIn((await signUp()).credentials);
      const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(first)));
      assert.equal(new Set(answers.map(({ refreshToken }) => refreshToken)).size, 1);
    });

    it('ends the session where a spent token is used again after half a minute', async () => {
      const first = await signIn((await signUp()).credentials);
      const second = await refresh(first);
      await pass(first, '31 seconds');
      await hasEnded(first);
      await hasEnded(second);
      assert.equal(await reasonOf(first), 'token_reused');
    });

    it('ends the session where a spent token is used again though its successor is spent too, however soon', async () => {
      const first = await signIn((await signUp()).credentials);
      const third = await refresh(await refresh(first));
      await hasEnded(first);
      await hasEnded(third);
      assert.equal(await reasonOf(first), 'token_reused');
    });

    it('leaves the user’s other sessions alone when one ends for that', async () => {
      const { credentials } = await signUp();
      const [stolen, other] = [await signIn(credentials), await signIn(credentials)];
      await refresh(await refresh(stolen));
      await hasEnded(stolen);
      await refresh(other);
    });

    it('ends by itself after 14 days without, and after 90 days of any use', async () => {
      const { credentials } = await signUp();
      const idle = await signIn(credentials);
      await pass(idle, '14 days 1 minute');
      await hasEnded(idle);
      let used = await signIn(credentials);
      for (let day = 0; day < 84; day += 12) {
        await pass(used, '12 days');
        used = await refresh(used);
      }
      await pass(used, '7 days');
      await hasEnded(used);
    });

    it('refuses what is no token of ours', async () => {
      for (const refreshToken of ['x', 'rt_', `rt_${'A'.repeat(43)}`, 'no\0token', '\ud800'])
        await hasEnded({ refreshToken });
    });

    it('tells nobody who reads the database a token, nor how to make the next one', async () => {
      const first = await signIn((await signUp()).credentials);
      const second = await refresh(first);
      const rows = await database.db.selectFrom('refresh_tokens').selectAll().execute();
      const stored = rows.flatMap(({ token_hash, successor_salt }) => [token_hash, successor_salt ?? Buffer.alloc(0)]);
      for (const { refreshToken } of [first, second]) {
        const secret = Buffer.from(refreshToken.slice(3), 'base64url');
        assert.ok(!stored.some((bytes) => bytes.includes(secret) || bytes.includes(refreshToken)));
      }
    });
  });

  describe('a user’s sessions', () => {
    it('are listed, last used first, and ended one by one, by their owner only', async () => {
      const { credentials, userId } = await signUp();
      const [first, second] = [await signIn(credentials), await signIn(credentials)];
      await pass(second, '1 hour');
      const { items } = await users.listSessions({ userId });
      assert.deepEqual(
        items.map(({ id }) => id),
        [first.sessionId, second.sessionId],
      );
      const stranger = await signUp();
      const end = (owner: string, { sessionId }: OpenSession) => users.endSession({ userId: owner, sessionId });
      await assert.rejects(end(stranger.userId, first), { code: 'SessionNotFound' });
      await end(userId, first);
      await assert.rejects(end(userId, first), { code: 'SessionNotFound' });
      await hasEnded(first);
      await refresh(second);
      assert.equal((await users.listSessions({ userId })).items.length, 1);
    });

    it('say when they end by themselves: the sooner of idleness and age', async () => {
      const { credentials, userId } = await signUp();
      const session = await signIn(credentials);
      const days = async () => {
        const [{ expiresAt } = { expiresAt: '' }] = (await users.listSessions({ userId })).items;
        return Math.round((Date.parse(expiresAt) - Date.now()) / 86_400_000);
      };
      assert.equal(await days(), 14);
      await database.db
        .updateTable('sessions')
        .set({ expires_at: sql`now() + interval '3 days'` })
        .where('id', '=', session.sessionId)
        .execute();
      assert.equal(await days(), 3);
    });

    it('are fifty at most: the one left alone longest makes room', async () => {
      const { credentials, userId } = await signUp();
      const oldest = await signIn(credentials);
      await pass(oldest, '1 minute');
      // In tens, which is how many attempts may be under way at once.
      for (let ten = 0; ten < 5; ten += 1) await Promise.all(Array.from({ length: 9 }, () => signIn(credentials)));
      for (let one = 0; one < 5; one += 1) await signIn(credentials);
      assert.equal((await users.listSessions({ userId })).items.length, 50);
      assert.equal(await reasonOf(oldest), 'displaced');
    });
  });

  describe('a change of password', () => {
    const changed = 'another password';

    it('ends every other session and the old password', async () => {
      const { credentials, userId, email } = await signUp();
      const [mine, theirs] = [await signIn(credentials), await signIn(credentials)];
      const change = { userId, sessionId: mine.sessionId, currentPassword: password, newPassword: changed };
      await users.changePassword(change);
      await hasEnded(theirs);
      assert.equal(await reasonOf(theirs), 'password_changed');
      await refresh(mine);
      await assert.rejects(users.signIn(credentials), { code: 'BadCredentials' });
      await signIn({ email, password: changed });
    });

    it('wants the current password, and is refused in a while to whoever guesses', async () => {
      const { userId } = await signUp();
      const guess = { userId, currentPassword: 'a guess', newPassword: changed };
      const db = await withFrozenClock(database);
      const unhurried = await createUserRequests(db, passwords);
      for (let guesses = 0; guesses < 10; guesses += 1) {
        await assert.rejects(unhurried.changePassword(guess), { code: 'WrongPassword' });
      }
      assert.deepEqual(await unhurried.changePassword({ ...guess, currentPassword: password }), { waitSeconds: 1 });
      await db.destroy();
      await assert.rejects(users.changePassword({ ...guess, userId: randomUUID() }), { code: 'UserNotFound' });
    });

    it('leaves no session behind that was opened with the old password meanwhile', async () => {
      const { credentials, userId } = await signUp();
      const [, ...signIns] = await Promise.allSettled([
        users.changePassword({ userId, currentPassword: password, newPassword: changed }),
        ...Array.from({ length: 6 }, () => signIn(credentials)),
      ]);
      for (const outcome of signIns) if (outcome.status === 'fulfilled') await hasEnded(outcome.value);
    });
  });

  it('that were ended are told to whoever asks since when', async () => {
    const { credentials, userId } = await signUp();
    const session = await signIn(credentials);
    const { asOf: before } = await users.endedSince({ since: new Date(0).toISOString() });
    await users.endSession({ userId, sessionId: session.sessionId });
    const { items, asOf, more } = await users.endedSince({ since: before });
    assert.deepEqual([items.map(({ id }) => id), more], [[session.sessionId], false]);
    const later = new Date(Date.parse(asOf) + 1).toISOString();
    assert.deepEqual((await users.endedSince({ since: later })).items, []);
  });

  it('are forgotten two days after they ended', async () => {
    const { credentials, userId } = await signUp();
    const [ended, idle, open] = [await signIn(credentials), await signIn(credentials), await signIn(credentials)];
    await users.endSession({ userId, sessionId: ended.sessionId });
    await pass(idle, '17 days');
    const left = async () => {
      await purge(database.db);
      const rows = await database.db.selectFrom('sessions').select('id').where('user_id', '=', userId).execute();
      return rows.map(({ id }) => id);
    };
    assert.deepEqual((await left()).toSorted(), [ended.sessionId, open.sessionId].toSorted());
    await database.db
      .updateTable('sessions')
      .set({ ended_at: sql`ended_at - interval '49 hours'` })
      .where('id', '=', ended.sessionId)
      .execute();
    assert.deepEqual(await left(), [open.sessionId]);
  });
});
