import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { User } from '../../../activities/user.ts';
import { ensureAdministrator } from '../../../services/user/administrator.ts';
import { waitingForLocks } from '../../stage/waiting-for-locks.ts';
import { password, passwords, sessionStage } from './test-sessions.ts';

describe('managing users', () => {
  const stage = sessionStage();
  const { signUp, signIn, hasEnded, reasonOf } = stage;
  const changedBy = randomUUID();
  const newAdmin = async () => {
    const { userId, ...rest } = await signUp();
    await stage.users.changeAccess({ userId, role: 'admin', changedBy });
    return { userId, ...rest };
  };
  const eventsOf = (userId: string) =>
    stage.database.db
      .selectFrom('outbox')
      .select(['type', 'data'])
      .where('subject', '=', userId)
      .orderBy('sequence')
      .execute();
  const codesOf = (outcomes: PromiseSettledResult<unknown>[]) =>
    outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : 'done'));
  const noAdmins = () =>
    stage.database.db.updateTable('users').set({ role: 'customer' }).where('role', '=', 'admin').execute();

  describe('a changed role', () => {
    it('ends the user’s sessions, is in the next one and is published', async () => {
      const { userId, credentials, email } = await signUp();
      const session = await signIn(credentials);
      const before = await stage.users.getUser({ userId });
      const changed = await stage.users.changeAccess({ userId, role: 'support', changedBy, expectedVersion: 1 });
      assert.deepEqual(changed, { ...before, role: 'support', version: 2 });
      await hasEnded(session);
      assert.equal(await reasonOf(session), 'role_changed');
      assert.equal((await signIn(credentials)).role, 'support');
      assert.deepEqual((await eventsOf(userId)).at(-1), {
        type: 'user.updated',
        data: { userId, email, name: 'Ada', role: 'support' },
      });
    });

    it('that is no change ends nothing and publishes nothing', async () => {
      const { userId, credentials } = await signUp();
      const session = await signIn(credentials);
      await stage.users.changeAccess({ userId, role: 'customer', active: true, changedBy });
      await stage.refresh(session);
      assert.equal((await eventsOf(userId)).length, 1);
    });

    it('is refused for a version that is not current, and for nobody', async () => {
      const { userId } = await signUp();
      const change = (difference: object) =>
        stage.users.changeAccess({ userId, role: 'viewer', changedBy, ...difference });
      await assert.rejects(change({ expectedVersion: 2 }), { code: 'VersionConflict' });
      for (const unknown of [randomUUID(), 'me', 'no\0body']) {
        await assert.rejects(change({ userId: unknown }), { code: 'UserNotFound' });
      }
    });
  });

  describe('a deactivated user', () => {
    it('cannot sign in, as with a wrong password, nor refresh, until reactivated', async () => {
      const { userId, credentials } = await signUp();
      const session = await signIn(credentials);
      assert.equal((await stage.users.changeAccess({ userId, active: false, changedBy })).active, false);
      await hasEnded(session);
      assert.equal(await reasonOf(session), 'deactivated');
      const wrong = { code: 'BadCredentials', message: 'e-mail address or password is wrong' };
      await assert.rejects(stage.users.signIn(credentials), wrong);
      await assert.rejects(stage.users.signIn({ ...credentials, password: 'another password' }), wrong);
      await stage.users.changeAccess({ userId, active: true, changedBy });
      await hasEnded(session);
      await signIn(credentials);
    });

    it('is among those whose tokens every gateway rejects', async () => {
      const { userId } = await signUp();
      const since = new Date(Date.now() - 1000).toISOString();
      await stage.users.changeAccess({ userId, active: false, changedBy });
      const ended = async () => (await stage.users.endedSince({ since })).items.some(({ id }) => id === userId);
      assert.equal(await ended(), true);
      await stage.users.changeAccess({ userId, active: true, changedBy });
      assert.equal(await ended(), false);
    });

    it('gets no session from a sign-in that began before', async () => {
      const { userId, credentials } = await signUp();
      // Holds the lock that both the sign-in and the deactivation need.
      const release = Promise.withResolvers<void>();
      const { db } = stage.database;
      const holding = db.transaction().execute(async (transaction) => {
        await sql`select 1 from credentials where user_id = ${userId} for update`.execute(transaction);
        await transaction
          .updateTable('users')
          .set({ deactivated_at: sql`now()` })
          .where('id', '=', userId)
          .execute();
        await release.promise;
      });
      const signingIn = assert.rejects(stage.users.signIn(credentials), { code: 'BadCredentials' });
      await waitingForLocks(db, 1);
      release.resolve();
      await Promise.all([holding, signingIn]);
    });

    it('is made active again by the setting of the administrator', async () => {
      const boss = { email: `boss.${randomUUID()}@example.com`, password: 'a password of weight' };
      await ensureAdministrator(stage.database.db, passwords, boss);
      const { userId } = await signIn(boss);
      await newAdmin();
      await stage.users.changeAccess({ userId, active: false, changedBy });
      await ensureAdministrator(stage.database.db, passwords, boss);
      assert.equal((await signIn(boss)).role, 'admin');
    });
  });

  describe('admins', () => {
    it('cannot take away their own access, but another can', async () => {
      const [first, second] = [await newAdmin(), await newAdmin()];
      for (const change of [{ active: false }, { role: 'viewer' as const }]) {
        const own = stage.users.changeAccess({ userId: first.userId, changedBy: first.userId, ...change });
        await assert.rejects(own, { code: 'OwnAccess' });
      }
      await stage.users.changeAccess({ userId: first.userId, role: 'viewer', changedBy: second.userId });
    });

    it('are never none, even if they take away each other’s access at the same time', async () => {
      await noAdmins();
      const pair = [await newAdmin(), await newAdmin()].map(({ userId }) => userId);
      const outcomes = await Promise.allSettled(
        pair.map((userId, index) => stage.users.changeAccess({ userId, active: false, changedBy: pair[1 - index]! })),
      );
      assert.deepEqual(codesOf(outcomes).toSorted(), ['LastAdmin', 'done']);
    });
  });

  describe('a search', () => {
    const found = async (query: string) =>
      (await stage.users.listUsers({ query, limit: 100 })).items.map(({ name }) => name);
    const add = (name: string, email = `${randomUUID()}@example.com`) =>
      stage.users.register({ name, email, password });

    it('finds the beginning of the e-mail address and of the words of the name, all of them', async () => {
      await add('Grace Hopper', 'amazing.grace@navy.example');
      await add("Sinéad O'Brien-Smith");
      await add('Grace Kelly');
      for (const [query, names] of [
        ['grace', ['Grace Kelly', 'Grace Hopper']],
        ['hop', ['Grace Hopper']],
        ['GRACE HOP', ['Grace Hopper']],
        ['hop grace', ['Grace Hopper']],
        ['amazing.gr', ['Grace Hopper']],
        ['Amazing.Grace@NAVY.example', ['Grace Hopper']],
        ['amazing.grace@navy.example hop', ['Grace Hopper']],
        ['navy', []],
        ['opper', []],
        ['sinead', ["Sinéad O'Brien-Smith"]],
        ["o'brien", ["Sinéad O'Brien-Smith"]],
        ['brien', ["Sinéad O'Brien-Smith"]],
        ['smith', ["Sinéad O'Brien-Smith"]],
        ['\u00a0 ', []],
        ["'", []],
        ['\\ :* & | ! <-> "', []],
        ['\0', []],
      ] as const) {
        assert.deepEqual(await found(query), names, query);
      }
    });

    it('follows a change of the name', async () => {
      const { id: userId } = await add('Augusta Byron');
      await stage.users.updateUser({ userId, name: 'Augusta King' });
      assert.deepEqual([await found('augusta byr'), await found('augusta ki')], [[], ['Augusta King']]);
    });

    it('has pages, newest first, without gaps or repeats', async () => {
      const ids: string[] = [];
      for (let count = 0; count < 5; count += 1) ids.unshift((await add(`Pagewoman ${count}`)).id);
      // At one time, as when they were imported.
      await stage.database.db
        .updateTable('users')
        .set({ created_at: new Date('2026-01-01') })
        .where('id', 'in', ids.slice(0, 3))
        .execute();
      const seen: User[] = [];
      let after: string | null | undefined;
      do {
        const page = await stage.users.listUsers({ query: 'pagewoman', after: after ?? undefined, limit: 2 });
        seen.push(...page.items);
        after = page.next;
      } while (after);
      assert.deepEqual(
        seen.map(({ id }) => id),
        [...ids.slice(3), ...ids.slice(0, 3).toSorted().toReversed()],
      );
      await assert.rejects(stage.users.listUsers({ after: 'bad', limit: 2 }), { code: 'BadCursor' });
    });
  });
});
