import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { purge } from '../../../services/user/purge.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { passwords, sessionStage } from './test-sessions.ts';

describe('guests', () => {
  const stage = sessionStage();
  const newEmail = () => `guest.${randomUUID()}@example.com`;
  const start = async (email = newEmail()) => ({ email, ...(await stage.users.createGuest({ email })) });
  const order = (guestId: string, more: { name?: string; email?: string } = {}) =>
    stage.users.beginGuestOrder({ guestId, name: 'Ada', ...more });
  const eventsOf = (guestId: string) =>
    stage.database.db
      .selectFrom('outbox')
      .select(['type', 'data'])
      .where('subject', '=', guestId)
      .orderBy('sequence')
      .execute();
  const exists = async (guestId: string) =>
    (await stage.database.db.selectFrom('guests').select('id').where('id', '=', guestId).execute()).length === 1;
  const invalid = { code: 'LinkNotFound' };

  it('are as many as wanted for one address, which may have an account and be taken for one afterwards', async () => {
    const { email } = await stage.signUp();
    const guests = await Promise.all([1, 2].map(() => start(email)));
    assert.equal(new Set(guests.map(({ guestId }) => guestId)).size, 2);
    const { email: free } = await start();
    await stage.users.register({ email: free, password: 'correct horse battery', name: 'Ada' });
    const { items } = await stage.users.listUsers({ query: free, limit: 10 });
    assert.equal(items.length, 1);
    await assert.rejects(stage.users.getUser({ userId: guests[0]!.guestId }), { code: 'UserNotFound' });
  });

  it('are created by the same statements whether or not there is an account', async () => {
    const { email } = await stage.signUp();
    const sent: string[] = [];
    const watched = stage.database.db.withPlugin({
      transformQuery({ node, queryId }) {
        sent.push(stage.database.db.getExecutor().compileQuery(node, queryId).sql);
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const users = await createUserRequests(watched, passwords);
    await users.createGuest({ email });
    const known = sent.splice(0);
    await users.createGuest({ email: newEmail() });
    assert.deepEqual(sent, known);
    assert.equal(known.length, 1);
    assert.doesNotMatch(known[0]!, /users/);
  });

  it('are named by their first order, which is published, and again only when the name changes', async () => {
    const { guestId, email } = await start();
    assert.deepEqual(await stage.users.getContact({ customerId: guestId }), {
      email,
      name: 'Guest',
      isGuest: true,
      claimedBy: null,
    });
    assert.deepEqual(await eventsOf(guestId), []);
    await Promise.all([order(guestId), order(guestId)]);
    await order(guestId, { name: 'Ada King' });
    await order(guestId, { name: 'Ada King' });
    assert.deepEqual(
      await eventsOf(guestId),
      ['Ada', 'Ada King'].map((name) => ({ type: 'guest.updated', data: { guestId, email, name } })),
    );
    assert.deepEqual(await stage.users.getContact({ customerId: guestId }), {
      email,
      name: 'Ada King',
      isGuest: true,
      claimedBy: null,
    });
  });

  it('may correct their address with the first order, and never after it', async () => {
    const { guestId, email } = await start();
    const corrected = newEmail();
    await order(guestId, { email: corrected });
    await order(guestId, { email: corrected.toUpperCase() });
    for (const other of [email, newEmail()]) {
      await assert.rejects(order(guestId, { email: other }), { code: 'ContactDiffers' });
    }
    assert.equal((await stage.users.getContact({ customerId: guestId })).email, corrected);
  });

  it('that are unknown cannot order, and have no contact', async () => {
    await assert.rejects(order(randomUUID()), { code: 'SessionEnded' });
    for (const customerId of [randomUUID(), 'me']) {
      await assert.rejects(stage.users.getContact({ customerId }), { code: 'UserNotFound' });
    }
  });

  it('without an order are purged after two days, and all others kept', async () => {
    const [old, young, ordered] = await Promise.all([start(), start(), start()]);
    await order(ordered.guestId);
    await stage.database.db
      .updateTable('guests')
      .set({ created_at: sql`now() - interval '49 hours'` })
      .where('id', 'in', [old.guestId, ordered.guestId])
      .execute();
    await purge(stage.database.db);
    assert.deepEqual(await Promise.all([old, young, ordered].map(({ guestId }) => exists(guestId))), [
      false,
      true,
      true,
    ]);
  });

  it('are purged in small statements, however many there are', async () => {
    await sql`
      insert into guests (id, email, created_at)
      select gen_random_uuid(), 'flood@example.com', now() - interval '3 days' from generate_series(1, 12000)`.execute(
      stage.database.db,
    );
    await purge(stage.database.db);
    const left = await stage.database.db
      .selectFrom('guests')
      .select('id')
      .where('email', '=', 'flood@example.com')
      .execute();
    assert.equal(left.length, 0);
  });

  describe('reach their orders by a link', () => {
    const letPass = (linkId: string, time: string) =>
      stage.database.db
        .updateTable('mail_links')
        .set({ expires_at: sql`expires_at - ${time}::interval` })
        .where('id', '=', linkId)
        .execute();
    const linked = async () => {
      const guest = await start();
      await order(guest.guestId);
      const link = { guestId: guest.guestId, linkId: randomUUID() };
      return { ...guest, ...link, ...(await stage.users.issueGuestLink(link)) };
    };

    it('that works any number of times for 90 days', async () => {
      const { token, guestId, linkId, expiresAt } = await linked();
      const days = (Date.parse(expiresAt) - Date.now()) / 86_400_000;
      assert.ok(days > 89.9 && days <= 90, String(days));
      for (let count = 0; count < 3; count += 1) {
        assert.deepEqual(await stage.users.openGuestLink({ token }), { guestId });
      }
      await letPass(linkId, '90 days');
      await assert.rejects(stage.users.openGuestLink({ token }), invalid);
    });

    it('of 256 random bits, of which only the digest is stored, and none in an event', async () => {
      const { token, linkId } = await linked();
      assert.match(token, /^go_[\w-]{43}$/);
      const { db } = stage.database;
      const rows = [
        await db.selectFrom('mail_links').selectAll().execute(),
        await db.selectFrom('outbox').selectAll().execute(),
      ];
      assert.ok(!JSON.stringify(rows).includes(token.slice(3)));
      const row = await db
        .selectFrom('mail_links')
        .select('token_hash')
        .where('id', '=', linkId)
        .executeTakeFirstOrThrow();
      assert.deepEqual(row.token_hash, createHash('sha256').update(token).digest());
    });

    it('of each mail; another attempt to send the mail replaces it', async () => {
      const { token, guestId, linkId } = await linked();
      const other = await stage.users.issueGuestLink({ guestId, linkId: randomUUID() });
      const again = await stage.users.issueGuestLink({ guestId, linkId });
      await assert.rejects(stage.users.openGuestLink({ token }), invalid);
      for (const one of [other, again]) {
        assert.deepEqual(await stage.users.openGuestLink({ token: one.token }), { guestId });
      }
    });

    it('that is of no use for anything else, nor any other link for this', async () => {
      const { token, linkId, guestId } = await linked();
      await assert.rejects(stage.users.verifyEmail({ token }), invalid);
      await assert.rejects(stage.users.resetPassword({ token, password: 'correct horse battery' }), invalid);
      await assert.rejects(stage.users.issueLink({ linkId }), invalid);
      const { userId } = await stage.signUp();
      await stage.users.requestEmailVerification({ userId });
      const row = await stage.database.db
        .selectFrom('mail_links')
        .select('id')
        .where('user_id', '=', userId)
        .executeTakeFirstOrThrow();
      const verification = await stage.users.issueLink({ linkId: row.id });
      await assert.rejects(stage.users.openGuestLink({ token: verification.token }), invalid);
      // Nor can the link of one mail become another person's.
      await assert.rejects(stage.users.issueGuestLink({ guestId, linkId: row.id }), invalid);
      const stranger = await linked();
      await assert.rejects(stage.users.issueGuestLink({ guestId: stranger.guestId, linkId }), invalid);
      assert.deepEqual(await stage.users.openGuestLink({ token }), { guestId });
    });

    it('only once they have ordered', async () => {
      const { guestId } = await start();
      await assert.rejects(stage.users.issueGuestLink({ guestId, linkId: randomUUID() }), invalid);
      await assert.rejects(stage.users.issueGuestLink({ guestId: randomUUID(), linkId: randomUUID() }), invalid);
    });
  });
});
