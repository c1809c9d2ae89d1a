import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { claimNext } from '../../../services/user/guest-claims.ts';
import { sessionStage } from './test-sessions.ts';

describe('the orders of guests', () => {
  const stage = sessionStage();
  const guestWhoOrdered = async (email: string) => {
    const { guestId } = await stage.users.createGuest({ email });
    await stage.users.beginGuestOrder({ guestId, name: 'Ada' });
    return guestId;
  };
  const verify = async (userId: string) => {
    await stage.users.requestEmailVerification({ userId });
    const { id } = await stage.database.db
      .selectFrom('mail_links')
      .select('id')
      .where('user_id', '=', userId)
      .where('purpose', '=', 'email_verification')
      .executeTakeFirstOrThrow();
    await stage.users.verifyEmail({ token: (await stage.users.issueLink({ linkId: id })).token });
  };
  const claimAll = async () => {
    let steps = 0;
    while (await claimNext(stage.database.db)) steps += 1;
    return steps;
  };
  /** The guests whose orders belong to the user, by the events that say so. */
  const claimedBy = async (userId: string): Promise<string[]> => {
    const rows = await stage.database.db
      .selectFrom('outbox')
      .select(['subject', 'data'])
      .where('type', '=', 'guest.claimed')
      .orderBy('sequence')
      .execute();
    const claims = rows.map(({ subject, data }) => ({ subject, ...(data as { guestId: string; userId: string }) }));
    for (const { subject, guestId } of claims) assert.equal(subject, guestId);
    return claims.filter((claim) => claim.userId === userId).map(({ guestId }) => guestId);
  };

  it('belong to the user who verifies the address, in any case, once', async () => {
    const { email, userId } = await stage.signUp();
    const guests = [await guestWhoOrdered(email), await guestWhoOrdered(email.toUpperCase())];
    const [withoutOrder, other] = [await stage.users.createGuest({ email }), await guestWhoOrdered(`x${email}`)];
    await claimAll();
    assert.deepEqual(await claimedBy(userId), []);
    await verify(userId);
    await Promise.all([claimAll(), claimAll()]);
    await stage.signIn({ email, password: 'correct horse battery' });
    await claimAll();
    assert.deepEqual((await claimedBy(userId)).toSorted(), guests.toSorted());
    for (const guestId of [withoutOrder.guestId, other]) {
      await stage.users.beginGuestOrder({ guestId, name: 'Ada' });
    }
  });

  it('end the guest: no more orders, no links, and mails go to the account', async () => {
    const { email, userId } = await stage.signUp();
    const guestId = await guestWhoOrdered(email.toUpperCase());
    const { token } = await stage.users.issueGuestLink({ guestId, linkId: randomUUID() });
    await verify(userId);
    assert.deepEqual(await stage.users.openGuestLink({ token }), { guestId });
    await claimAll();
    await assert.rejects(stage.users.openGuestLink({ token }), { code: 'LinkNotFound' });
    await assert.rejects(stage.users.issueGuestLink({ guestId, linkId: randomUUID() }), { code: 'LinkNotFound' });
    // As of a mail that was being written when the guest was claimed.
    const row = {
      id: randomUUID(),
      user_id: null,
      guest_id: guestId,
      purpose: 'guest_orders' as const,
      email,
      token_hash: createHash('sha256').update(token).digest(),
      expires_at: new Date(Date.now() + 60_000),
    };
    await stage.database.db.insertInto('mail_links').values(row).execute();
    await assert.rejects(stage.users.openGuestLink({ token }), { code: 'LinkNotFound' });
    await assert.rejects(stage.users.beginGuestOrder({ guestId, name: 'Ada' }), { code: 'SessionEnded' });
    const contact = { email, name: 'Ada', isGuest: false };
    const contactOf = (customerId: string) => stage.users.getContact({ customerId });
    assert.deepEqual(await contactOf(guestId), { ...contact, claimedBy: userId });
    assert.deepEqual(await contactOf(userId), { ...contact, claimedBy: null });
  });

  it('stay theirs without a verified address, whoever signs up and in with it', async () => {
    const { email, userId, credentials } = await stage.signUp();
    const guestId = await guestWhoOrdered(email);
    await stage.signIn(credentials);
    await stage.users.ensureUser({ userId: randomUUID(), name: 'Eve', email, role: 'customer' });
    assert.equal(await claimAll(), 0);
    assert.deepEqual(await claimedBy(userId), []);
    await stage.users.beginGuestOrder({ guestId, name: 'Ada' });
  });

  it('placed after the address was verified belong to the user at the next sign-in', async () => {
    const { email, userId, credentials } = await stage.signUp();
    await verify(userId);
    const guestId = await guestWhoOrdered(email);
    assert.equal(await claimAll(), 0);
    await stage.signIn(credentials);
    await claimAll();
    assert.deepEqual(await claimedBy(userId), [guestId]);
    await stage.signIn(credentials);
    assert.equal(await claimAll(), 0);
  });

  it('belong to the user who resets the password by a link to the address', async () => {
    const { email, userId } = await stage.signUp();
    const guestId = await guestWhoOrdered(email);
    const linkId = randomUUID();
    await stage.database.db
      .insertInto('mail_links')
      .values({
        id: linkId,
        user_id: userId,
        guest_id: null,
        purpose: 'password_reset',
        email,
        token_hash: null,
        expires_at: sql`now() + interval '1 hour'`,
      })
      .execute();
    const { token } = await stage.users.issueLink({ linkId });
    await stage.users.resetPassword({ token, password: 'staple correct battery horse' });
    await claimAll();
    assert.deepEqual(await claimedBy(userId), [guestId]);
  });

  it('belong to a person whose address an external issuer has verified', async () => {
    const person = { userId: randomUUID(), name: 'Ada', role: 'customer' as const };
    const email = `${person.userId}@example.com`;
    const guestId = await guestWhoOrdered(email);
    await stage.users.ensureUser(person);
    assert.equal(await claimAll(), 0);
    await stage.users.ensureUser({ ...person, email });
    await claimAll();
    assert.deepEqual(await claimedBy(person.userId), [guestId]);
  });

  it('stay theirs if the account is deactivated before they are claimed', async () => {
    const { email, userId } = await stage.signUp();
    await guestWhoOrdered(email);
    await verify(userId);
    await stage.users.changeAccess({ userId, active: false, changedBy: randomUUID() });
    assert.equal(await claimAll(), 1);
    assert.deepEqual(await claimedBy(userId), []);
  });

  it('are claimed in small steps, however many guests have the address', async () => {
    const { email, userId } = await stage.signUp();
    await sql`
      insert into guests (id, email, name, ordered_at)
      select gen_random_uuid(), ${email}, 'Ada', now() from generate_series(1, 250)`.execute(stage.database.db);
    await verify(userId);
    assert.equal(await claimAll(), 3);
    const claimed = await claimedBy(userId);
    assert.deepEqual([claimed.length, new Set(claimed).size], [250, 250]);
  });
});
