import { randomUUID } from 'node:crypto';
import type { OpenSession, SessionRequests } from '../../activities/session.ts';
import type { User } from '../../activities/user.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { NOW } from './gateway-builders.ts';

export interface FakeSessions {
  open: Map<string, OpenSession>;
  ended: string[];
  /** Seconds for which every sign-in is refused, as after too many wrong passwords. */
  waitSeconds: number;
}

type Users = Map<string, User & { password: string }>;

/** The sessions of the user service in memory. */
export const fakeSessions = (users: Users, sessions: FakeSessions): SessionRequests => ({
  async signIn({ email, password }) {
    if (sessions.waitSeconds > 0) return { waitSeconds: sessions.waitSeconds };
    const user = [...users.values()].find((one) => one.email === email && one.password === password);
    if (!user) throw new Refusal('BadCredentials', 'e-mail or password is wrong');
    return openSession(sessions, { sessionId: randomUUID(), userId: user.id, role: user.role });
  },
  async refreshSession({ refreshToken }) {
    const session = [...sessions.open.values()].find((one) => one.refreshToken === refreshToken);
    if (!session) throw new Refusal('SessionEnded', 'this session has ended');
    return openSession(sessions, session);
  },
  async listSessions({ userId }) {
    const own = [...sessions.open.values()].filter((session) => session.userId === userId);
    const times = { createdAt: NOW, lastUsedAt: NOW, expiresAt: NOW };
    return { items: own.map(({ sessionId }) => ({ id: sessionId, userAgent: 'a test', ...times })) };
  },
  async endSession({ userId, sessionId }) {
    if (sessions.open.get(sessionId)?.userId !== userId) throw new Refusal('SessionNotFound', 'no such session');
    endSession(sessions, sessionId);
  },
  async changePassword({ userId, sessionId: kept, currentPassword, newPassword }) {
    if (sessions.waitSeconds > 0) return { waitSeconds: sessions.waitSeconds };
    const user = users.get(userId);
    if (user?.password !== currentPassword) throw new Refusal('WrongPassword', 'not your password');
    user.password = newPassword;
    for (const { sessionId, userId: owner } of sessions.open.values()) {
      if (owner === userId && sessionId !== kept) endSession(sessions, sessionId);
    }
    return undefined;
  },
  endedSince: async () => ({
    items: sessions.ended.map((id) => ({ id, endedAt: NOW })),
    asOf: new Date().toISOString(),
    more: false,
  }),
});

function endSession(sessions: FakeSessions, sessionId: string): void {
  sessions.open.delete(sessionId);
  sessions.ended.push(sessionId);
}

function openSession(sessions: FakeSessions, session: Omit<OpenSession, 'refreshToken'>): OpenSession {
  const fresh = { ...session, refreshToken: `rt_${randomUUID()}` };
  sessions.open.set(session.sessionId, fresh);
  return fresh;
}
