import assert from 'node:assert/strict';
import { sessionStage } from './test-sessions.ts';

describe('refreshing a session', () => {
  const stage = sessionStage();
  const { signUp, signIn, refresh, hasEnded, letPass, reasonOf } = stage;

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
    const rows = await stage.database.db.selectFrom('refresh_tokens').selectAll().execute();
    const stored = rows.flatMap(({ token_hash, successor_salt }) => [token_hash, successor_salt ?? Buffer.alloc(0)]);
    for (const { refreshToken } of [first, second]) {
      const secret = Buffer.from(refreshToken.slice(3), 'base64url');
      assert.ok(!stored.some((bytes) => bytes.includes(secret) || bytes.includes(refreshToken)));
    }
  });
});
