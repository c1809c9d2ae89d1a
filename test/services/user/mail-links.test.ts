import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { lookUpReset } from '../../../services/user/link-requests.ts';
import { purge } from '../../../services/user/purge.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { waitingForLocks } from '../../stage/waiting-for-locks.ts';
import { passwords, sessionStage } from './test-sessions.ts';

const NEW = 'staple correct battery horse';

describe('links in e-mails', () => {
  const stage = sessionStage();
  const { signUp, signIn, hasEnded, reasonOf } = stage;
  const lookUpAll = async () => {
    while (await lookUpReset(stage.database.db));
  };
  const linksOf = async (userId: string) => {
    const rows = await stage.database.db
      .selectFrom('outbox')
      .select(['type', 'data'])
      .where('subject', '=', userId)
      .where('type', 'like', '%requested')
      .orderBy('sequence')
      .execute();
    return rows.map(({ type, data }) => ({ type, ...(data as { userId: string; linkId: string }) }));
  };
  const askReset = async ({ email, userId }: { email: string; userId: string }): Promise<string> => {
    await stage.users.requestPasswordReset({ email });
    await lookUpAll();
    return (await linksOf(userId)).at(-1)!.linkId;
  };
  const resetToken = async (user: { email: string; userId: string }): Promise<string> =>
    (await stage.users.issueLink({ linkId: await askReset(user) })).token;
  const letPass = (time: string) =>
    stage.database.db
      .updateTable('mail_links')
      .set({ expires_at: sql`expires_at - ${time}::interval` })
      .execute();
  const invalid = { code: 'LinkNotFound' };

  describe('to reset a password', () => {
    it('set a new one, end all sessions, and let the user sign in at once', async () => {
      const user = await signUp();
      const session = await signIn(user.credentials);
      for (let count = 0; count < 10; count += 1) {
        await assert.rejects(stage.users.signIn({ email: user.email, password: 'guessed wrong' }));
      }
      assert.ok('waitSeconds' in (await stage.users.signIn({ email: user.email, password: 'guessed wrong' })));
      await stage.users.resetPassword({ token: await resetToken(user), password: NEW });
      await hasEnded(session);
      assert.equal(await reasonOf(session), 'password_changed');
      await signIn({ email: user.email, password: NEW });
      await assert.rejects(stage.users.signIn(user.credentials), { code: 'BadCredentials' });
      const { emailVerified } = await stage.users.getUser({ userId: user.userId });
      assert.equal(emailVerified, true);
    });

    it('work once, even for several requests at the same time', async () => {
      const user = await signUp();
      const token = await resetToken(user);
      const outcomes = await Promise.allSettled(
        [1, 2, 3, 4].map((count) => stage.users.resetPassword({ token, password: `${NEW} ${count}` })),
      );
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.deepEqual(
        refused.map(({ reason }) => (reason as { code: string }).code),
        ['LinkNotFound', 'LinkNotFound', 'LinkNotFound'],
      );
      await assert.rejects(stage.users.resetPassword({ token, password: NEW }), invalid);
    });

    it('are valid for an hour', async () => {
      const user = await signUp();
      const { token, expiresAt } = await stage.users.issueLink({ linkId: await askReset(user) });
      assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 3_600_000) < 10_000, expiresAt);
      await letPass('59 minutes');
      const late = await stage.users.issueLink({ linkId: await askReset(user) });
      await letPass('1 minute');
      await assert.rejects(stage.users.resetPassword({ token, password: NEW }), invalid);
      await stage.users.resetPassword({ token: late.token, password: NEW });
    });

    it('are not made for a request whose mail comes too late', async () => {
      const linkId = await askReset(await signUp());
      await letPass('1 hour');
      await assert.rejects(stage.users.issueLink({ linkId }), invalid);
      await assert.rejects(stage.users.issueLink({ linkId: randomUUID() }), invalid);
    });

    it('are withdrawn by a change of the password, and by another attempt to send the mail', async () => {
      const user = await signUp();
      const linkId = await askReset(user);
      const [first, second] = [await stage.users.issueLink({ linkId }), await stage.users.issueLink({ linkId })];
      await assert.rejects(stage.users.resetPassword({ token: first.token, password: NEW }), invalid);
      const { userId, credentials } = user;
      await stage.users.changePassword({ userId, currentPassword: credentials.password, newPassword: NEW });
      await assert.rejects(stage.users.resetPassword({ token: second.token, password: NEW }), invalid);
    });

    it('are at most three in an hour', async () => {
      const user = await signUp();
      for (let count = 0; count < 5; count += 1) await askReset(user);
      assert.equal((await linksOf(user.userId)).length, 3);
      await letPass('1 hour');
      await askReset(user);
      assert.equal((await linksOf(user.userId)).length, 4);
    });

    it('are for active accounts only', async () => {
      const user = await signUp();
      const token = await resetToken(user);
      await stage.users.changeAccess({ userId: user.userId, active: false, changedBy: randomUUID() });
      await assert.rejects(stage.users.resetPassword({ token, password: NEW }), invalid);
      await askReset(user);
      assert.equal((await linksOf(user.userId)).length, 1);
    });

    it('are asked for by the same statements whether or not there is an account', async () => {
      const { email } = await signUp();
      const sent: string[] = [];
      const watched = stage.database.db.withPlugin({
        transformQuery({ node, queryId }) {
          sent.push(stage.database.db.getExecutor().compileQuery(node, queryId).sql);
          return node;
        },
        transformResult: async ({ result }) => result,
      });
      const users = await createUserRequests(watched, passwords);
      const statementsFor = async (address: string) => {
        await users.requestPasswordReset({ email: address });
        return sent.splice(0);
      };
      const known = await statementsFor(email);
      assert.equal(known.length, 1);
      assert.deepEqual(await statementsFor(`${randomUUID()}@example.com`), known);
      await lookUpAll();
    });

    it('do not cost the work of hashing a password if the token is wrong', async () => {
      const users = await createUserRequests(stage.database.db, {
        ...passwords,
        hash: (text) => (text === NEW ? assert.fail('hashed') : passwords.hash(text)),
      });
      await assert.rejects(users.resetPassword({ token: 'pr_guess', password: NEW }), invalid);
    });
  });

  describe('to verify an address', () => {
    it('mark it as verified, once, and publish the user', async () => {
      const { userId } = await signUp();
      await stage.users.requestEmailVerification({ userId });
      const [link] = await linksOf(userId);
      assert.equal(link!.type, 'user.email_verification_requested');
      const { token, expiresAt } = await stage.users.issueLink({ linkId: link!.linkId });
      assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 86_400_000) < 10_000, expiresAt);
      await assert.rejects(stage.users.resetPassword({ token, password: NEW }), invalid);
      await stage.users.verifyEmail({ token });
      const { emailVerified, version } = await stage.users.getUser({ userId });
      assert.deepEqual([emailVerified, version], [true, 2]);
      await assert.rejects(stage.users.verifyEmail({ token }), invalid);
      await stage.users.requestEmailVerification({ userId });
      assert.equal((await linksOf(userId)).length, 1);
    });

    it('work once, even for several requests at the same time', async () => {
      const { userId } = await signUp();
      await stage.users.requestEmailVerification({ userId });
      const { token } = await stage.users.issueLink({ linkId: (await linksOf(userId))[0]!.linkId });
      // Holds all of them just before they use up the link.
      const { db } = stage.database;
      const [held, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const holding = db.transaction().execute(async (transaction) => {
        await sql`select 1 from mail_links where user_id = ${userId} for update`.execute(transaction);
        held.resolve();
        await release.promise;
      });
      await held.promise;
      const outcomes = Promise.allSettled([1, 2].map(() => stage.users.verifyEmail({ token })));
      await waitingForLocks(db, 2);
      release.resolve();
      await holding;
      assert.deepEqual((await outcomes).map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    });

    it('are for the address that they were sent to', async () => {
      const { userId } = await signUp();
      await stage.users.requestEmailVerification({ userId });
      const { token } = await stage.users.issueLink({ linkId: (await linksOf(userId))[0]!.linkId });
      await stage.database.db
        .updateTable('users')
        .set({ email: `${randomUUID()}@example.com` })
        .where('id', '=', userId)
        .execute();
      await assert.rejects(stage.users.verifyEmail({ token }), invalid);
      await assert.rejects(stage.users.requestEmailVerification({ userId: 'me' }), { code: 'UserNotFound' });
    });
  });

  it('have tokens of 256 bits, of which only the digest is stored, and none in an event', async () => {
    const user = await signUp();
    const linkId = await askReset(user);
    const { token } = await stage.users.issueLink({ linkId });
    assert.match(token, /^pr_[\w-]{43}$/);
    const { db } = stage.database;
    const stored = JSON.stringify([
      await db.selectFrom('outbox').selectAll().execute(),
      await db.selectFrom('mail_links').selectAll().execute(),
    ]);
    assert.ok(!stored.includes(token.slice(3)));
    const row = await db
      .selectFrom('mail_links')
      .select('token_hash')
      .where('id', '=', linkId)
      .executeTakeFirstOrThrow();
    assert.deepEqual(row.token_hash, createHash('sha256').update(token).digest());
  });

  it('are deleted once they have expired', async () => {
    const user = await signUp();
    const linkId = await askReset(user);
    const exists = async () =>
      (await stage.database.db.selectFrom('mail_links').select('id').where('id', '=', linkId).execute()).length === 1;
    await purge(stage.database.db);
    assert.equal(await exists(), true);
    await letPass('1 hour');
    await purge(stage.database.db);
    assert.equal(await exists(), false);
  });
});
