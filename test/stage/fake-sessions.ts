import { randomUUID } from 'node:crypto';
import type { OpenSession, SessionRequests } from '../../activities/session.ts';
import type { User } from '../../activities/user.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { NOW } from './gateway-builders.ts';

export interface FakeSessions {
  open: Map<string, OpenSession>;
  ended: string[];
  /** How long everybody must wait before trying a password, as after too many wrong ones. */
  waitSeconds: number;
}

type Users = Map<string, User & { password: string }>;

/** Signing in and out, in memory. */
export const fakeSessions = (users: Users, sessions: FakeSessions): SessionRequests => ({
  async signIn({ email, password }) {
    if (sessions.waitSeconds > 0) return { waitSeconds: sessions.waitSeconds };
    const user = [...users.values()].find((known) => known.email === email && known.password === password);
    if (!user) throw new Refusal('BadCredentials', 'e-mail or password is wrong');
    return opened(sessions, { sessionId: randomUUID(), userId: user.id, role: user.role });
  },
  async refreshSession({ refreshToken }) {
    const session = [...sessions.open.values()].find((known) => known.refreshToken === refreshToken);
    if (!session) throw new Refusal('SessionEnded', 'this session has ended');
    return opened(sessions, session);
  },
  async listSessions({ userId }) {
    const own = [...sessions.open.values()].filter((session) => session.userId === userId);
    const times = { createdAt: NOW, lastUsedAt: NOW, expiresAt: NOW };
    return { items: own.map(({ sessionId }) => ({ id: sessionId, userAgent: 'a test', ...times })) };
  },
  async endSession({ userId, sessionId }) {
    if (sessions.open.get(sessionId)?.userId !== userId) throw new Refusal('SessionNotFound', 'no such session');
    end(sessions, sessionId);
  },
  async changePassword({ userId, sessionId: kept, currentPassword, newPassword }) {
    if (sessions.waitSeconds > 0) return { waitSeconds: sessions.waitSeconds };
    const user = users.get(userId);
    if (user?.password !== currentPassword) throw new Refusal('WrongPassword', 'not your password');
    user.password = newPassword;
    for (const { sessionId, userId: owner } of sessions.open.values()) {
      if (owner === userId && sessionId !== kept) end(sessions, sessionId);
    }
    return undefined;
  },
  endedSince: async () => ({
    items: sessions.ended.map((id) => ({ id, endedAt: NOW })),
    asOf: new Date().toISOString(),
    more: false,
  }),
});

function end(sessions: FakeSessions, sessionId: string): void {
  sessions.open.delete(sessionId);
  sessions.ended.push(sessionId);
}

function opened(sessions: FakeSessions, session: Omit<OpenSession, 'refreshToken'>): OpenSession {
  const fresh = { ...session, refreshToken: `rt_${randomUUID()}` };
  sessions.open.set(session.sessionId, fresh);
  return fresh;
}
