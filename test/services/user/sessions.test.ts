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
    const session = await users.signIn(credentials);
    assert.ok('sessionId' in session);
    return session;
  };
  const refresh = ({ refreshToken }: { refreshToken: string }) => users.refreshSession({ refreshToken });
  const hasEnded = (session: { refreshToken: string }) => assert.rejects(refresh(session), { code: 'SessionEnded' });
  /** ChangedOrders one session and its spent tokens into the past. */
  const letPass = async ({ sessionId }: OpenSession, time: string) => {
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
    it('continues the session with a new token each time', async () => {
      const { credentials, userId } = await signUp();
      const first = await signIn(credentials);
      const second = await refresh(first);
      const third = await refresh(second);
      assert.deepEqual([third.sessionId, third.userId, third.role], [first.sessionId, userId, 'customer']);
      assert.equal(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size, 3);
      assert.match(third.refreshToken, /^rt_[\w-]{43}$/);
    });

    it('returns the same next token if the request is repeated because the response was lost', async () => {
      const first = await signIn((await signUp()).credentials);
      const second = await refresh(first);
      await letPass(first, '25 seconds');
      assert.deepEqual(await refresh(first), second);
      await refresh(second);
    });

    it('returns the same next token to concurrent requests', async () => {
      const first = await signIn((await signUp()).credentials);
      const responses = await Promise.all(Array.from({ length: 8 }, () => refresh(first)));
      assert.equal(new Set(responses.map(({ refreshToken }) => refreshToken)).size, 1);
    });

    it('ends the session if a spent token is used again after half a minute', async () => {
      const first = await signIn((await signUp()).credentials);
      const second = await refresh(first);
      await letPass(first, '31 seconds');
      await hasEnded(first);
      await hasEnded(second);
      assert.equal(await reasonOf(first), 'token_reused');
    });

    it('ends the session if a spent token is used again after the next token is spent, however soon', async () => {
      const first = await signIn((await signUp()).credentials);
      const third = await refresh(await refresh(first));
      await hasEnded(first);
      await hasEnded(third);
      assert.equal(await reasonOf(first), 'token_reused');
    });

    it('leaves the user’s other sessions open when one ends that way', async () => {
      const { credentials } = await signUp();
      const [stolen, other] = [await signIn(credentials), await signIn(credentials)];
      await refresh(await refresh(stolen));
      await hasEnded(stolen);
      await refresh(other);
    });

    it('fails after 14 days without use, and after 90 days in any case', async () => {
      const { credentials } = await signUp();
      const idle = await signIn(credentials);
      await letPass(idle, '14 days 1 minute');
      await hasEnded(idle);
      let used = await signIn(credentials);
      for (let day = 0; day < 84; day += 12) {
        await letPass(used, '12 days');
        used = await refresh(used);
      }
      await letPass(used, '7 days');
      await hasEnded(used);
    });

    it('refuses what is not a valid token', async () => {
      for (const refreshToken of ['x', 'rt_', `rt_${'A'.repeat(43)}`, 'no\0token', '\ud800'])
        await hasEnded({ refreshToken });
    });

    it('stores neither a token nor enough to derive the next one', async () => {
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
    it('are listed, most recently used first, and can be ended one by one by their owner only', async () => {
      const { credentials, userId } = await signUp();
      const [first, second] = [await signIn(credentials), await signIn(credentials)];
      await letPass(second, '1 hour');
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

    it('have an expiry: the idle limit or the lifetime, whichever comes first', async () => {
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

    it('are at most fifty: the one idle longest is displaced', async () => {
      const { credentials, userId } = await signUp();
      const oldest = await signIn(credentials);
      await letPass(oldest, '1 minute');
      // Nine at a time: at most ten attempts may be in progress at once.
      for (let batch = 0; batch < 5; batch += 1)
        await Promise.all(Array.from({ length: 9 }, () => signIn(credentials)));
      for (let count = 0; count < 5; count += 1) await signIn(credentials);
      assert.equal((await users.listSessions({ userId })).items.length, 50);
      assert.equal(await reasonOf(oldest), 'displaced');
    });
  });

  describe('a change of password', () => {
    const changed = 'another password';

    it('ends every other session and invalidates the old password', async () => {
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

    it('requires the current password, and must wait after too many wrong guesses', async () => {
      const { userId } = await signUp();
      const guess = { userId, currentPassword: 'a guess', newPassword: changed };
      const db = await withFrozenClock(database);
      const frozen = await createUserRequests(db, passwords);
      for (let guesses = 0; guesses < 10; guesses += 1) {
        await assert.rejects(frozen.changePassword(guess), { code: 'WrongPassword' });
      }
      assert.deepEqual(await frozen.changePassword({ ...guess, currentPassword: password }), { waitSeconds: 1 });
      await db.destroy();
      await assert.rejects(users.changePassword({ ...guess, userId: randomUUID() }), { code: 'UserNotFound' });
    });

    it('leaves no session open that was opened with the old password in the meantime', async () => {
      const { credentials, userId } = await signUp();
      const [, ...signIns] = await Promise.allSettled([
        users.changePassword({ userId, currentPassword: password, newPassword: changed }),
        ...Array.from({ length: 6 }, () => signIn(credentials)),
      ]);
      for (const outcome of signIns) if (outcome.status === 'fulfilled') await hasEnded(outcome.value);
    });
  });

  it('that were ended are listed from a given time on', async () => {
    const { credentials, userId } = await signUp();
    const session = await signIn(credentials);
    const { asOf: before } = await users.endedSince({ since: new Date(0).toISOString() });
    await users.endSession({ userId, sessionId: session.sessionId });
    const { items, asOf, more } = await users.endedSince({ since: before });
    assert.deepEqual([items.map(({ id }) => id), more], [[session.sessionId], false]);
    const later = new Date(Date.parse(asOf) + 1).toISOString();
    assert.deepEqual((await users.endedSince({ since: later })).items, []);
  });

  it('are purged two days after they ended', async () => {
    const { credentials, userId } = await signUp();
    const [ended, idle, open] = [await signIn(credentials), await signIn(credentials), await signIn(credentials)];
    await users.endSession({ userId, sessionId: ended.sessionId });
    await letPass(idle, '17 days');
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
