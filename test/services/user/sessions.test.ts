import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { OpenSession } from '../../../activities/session.ts';
import { purge } from '../../../services/user/purge.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { withFrozenClock } from '../../stage/frozen-clock.ts';
import { password, passwords, sessionStage } from './test-sessions.ts';

describe('sessions', () => {
  const stage = sessionStage();
  const { signUp, signIn, refresh, hasEnded, letPass, reasonOf } = stage;

  describe('a user’s sessions', () => {
    it('are listed, most recently used first, and can be ended one by one by their owner only', async () => {
      const { credentials, userId } = await signUp();
      const [first, second] = [await signIn(credentials), await signIn(credentials)];
      await letPass(second, '1 hour');
      const { items } = await stage.users.listSessions({ userId });
      assert.deepEqual(
        items.map(({ id }) => id),
        [first.sessionId, second.sessionId],
      );
      const stranger = await signUp();
      const end = (owner: string, { sessionId }: OpenSession) => stage.users.endSession({ userId: owner, sessionId });
      await assert.rejects(end(stranger.userId, first), { code: 'SessionNotFound' });
      await end(userId, first);
      await assert.rejects(end(userId, first), { code: 'SessionNotFound' });
      await hasEnded(first);
      await refresh(second);
      assert.equal((await stage.users.listSessions({ userId })).items.length, 1);
    });

    it('have an expiry: the idle limit or the lifetime, whichever comes first', async () => {
      const { credentials, userId } = await signUp();
      const session = await signIn(credentials);
      const days = async () => {
        const [{ expiresAt } = { expiresAt: '' }] = (await stage.users.listSessions({ userId })).items;
        return Math.round((Date.parse(expiresAt) - Date.now()) / 86_400_000);
      };
      assert.equal(await days(), 14);
      await stage.database.db
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
      assert.equal((await stage.users.listSessions({ userId })).items.length, 50);
      assert.equal(await reasonOf(oldest), 'displaced');
    });
  });

  describe('a change of password', () => {
    const changed = 'another password';

    it('ends every other session and invalidates the old password', async () => {
      const { credentials, userId, email } = await signUp();
      const [mine, theirs] = [await signIn(credentials), await signIn(credentials)];
      const change = { userId, sessionId: mine.sessionId, currentPassword: password, newPassword: changed };
      await stage.users.changePassword(change);
      await hasEnded(theirs);
      assert.equal(await reasonOf(theirs), 'password_changed');
      await refresh(mine);
      await assert.rejects(stage.users.signIn(credentials), { code: 'BadCredentials' });
      await signIn({ email, password: changed });
    });

    it('requires the current password, and must wait after too many wrong guesses', async () => {
      const { userId } = await signUp();
      const guess = { userId, currentPassword: 'a guess', newPassword: changed };
      const db = await withFrozenClock(stage.database);
      const frozen = await createUserRequests(db, passwords);
      for (let guesses = 0; guesses < 10; guesses += 1) {
        await assert.rejects(frozen.changePassword(guess), { code: 'WrongPassword' });
      }
      assert.deepEqual(await frozen.changePassword({ ...guess, currentPassword: password }), { waitSeconds: 1 });
      await db.destroy();
      await assert.rejects(stage.users.changePassword({ ...guess, userId: randomUUID() }), { code: 'UserNotFound' });
    });

    it('leaves no session open that was opened with the old password in the meantime', async () => {
      const { credentials, userId } = await signUp();
      const [, ...signIns] = await Promise.allSettled([
        stage.users.changePassword({ userId, currentPassword: password, newPassword: changed }),
        ...Array.from({ length: 6 }, () => signIn(credentials)),
      ]);
      for (const outcome of signIns) if (outcome.status === 'fulfilled') await hasEnded(outcome.value);
    });
  });

  it('that were ended are listed from a given time on', async () => {
    const { credentials, userId } = await signUp();
    const session = await signIn(credentials);
    const { asOf: before } = await stage.users.endedSince({ since: new Date(0).toISOString() });
    await stage.users.endSession({ userId, sessionId: session.sessionId });
    const { items, asOf, more } = await stage.users.endedSince({ since: before });
    assert.deepEqual([items.map(({ id }) => id), more], [[session.sessionId], false]);
    const later = new Date(Date.parse(asOf) + 1).toISOString();
    assert.deepEqual((await stage.users.endedSince({ since: later })).items, []);
  });

  it('are purged two days after they ended', async () => {
    const { credentials, userId } = await signUp();
    const [ended, idle, open] = [await signIn(credentials), await signIn(credentials), await signIn(credentials)];
    await stage.users.endSession({ userId, sessionId: ended.sessionId });
    await letPass(idle, '17 days');
    const left = async () => {
      await purge(stage.database.db);
      const rows = await stage.database.db.selectFrom('sessions').select('id').where('user_id', '=', userId).execute();
      return rows.map(({ id }) => id);
    };
    assert.deepEqual((await left()).toSorted(), [ended.sessionId, open.sessionId].toSorted());
    await stage.database.db
      .updateTable('sessions')
      .set({ ended_at: sql`ended_at - interval '49 hours'` })
      .where('id', '=', ended.sessionId)
      .execute();
    assert.deepEqual(await left(), [open.sessionId]);
  });
});
