import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { OpenSession } from '../../../activities/session.ts';
import type { UserRequests } from '../../../activities/user.ts';
import type { UserDatabase } from '../../../services/user/database.ts';
import { createPasswords } from '../../../services/user/passwords.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

export const passwords = createPasswords({ memoryKib: 8, passes: 1, parallelism: 1 });
export const password = 'correct horse battery';

interface Credentials {
  email: string;
  password: string;
}

/** The user service on its own database. */
export interface SessionStage {
  readonly database: FreshDatabase<UserDatabase>;
  readonly users: UserRequests;
  /** Registers a new user. */
  signUp: () => Promise<{ email: string; userId: string; credentials: Credentials }>;
  signIn: (credentials: Credentials) => Promise<OpenSession>;
  refresh: (session: { refreshToken: string }) => Promise<OpenSession>;
  /** Asserts that the session with this token has ended. */
  hasEnded: (session: { refreshToken: string }) => Promise<void>;
  /** Moves one session and its spent tokens into the past. */
  letPass: (session: OpenSession, time: string) => Promise<void>;
  /** Why the session has ended. */
  reasonOf: (session: OpenSession) => Promise<string | null>;
}

/** Call this in a `describe`. */
export function sessionStage(): SessionStage {
  const stage = {
    async signUp() {
      const email = `ada.${randomUUID()}@example.com`;
      const { id } = await stage.users.register({ email, password, name: 'Ada' });
      return { email, userId: id, credentials: { email, password } };
    },
    async signIn(credentials) {
      const session = await stage.users.signIn(credentials);
      assert.ok('sessionId' in session);
      return session;
    },
    refresh: ({ refreshToken }) => stage.users.refreshSession({ refreshToken }),
    hasEnded: (session) => assert.rejects(stage.refresh(session), { code: 'SessionEnded' }),
    letPass: (session, time) => letPass(stage.database, session, time),
    async reasonOf({ sessionId }) {
      const session = stage.database.db.selectFrom('sessions').select('end_reason').where('id', '=', sessionId);
      return (await session.executeTakeFirstOrThrow()).end_reason;
    },
  } as SessionStage;
  before(async () => {
    const database = await freshDatabase<UserDatabase>('user');
    Object.assign(stage, { database, users: await createUserRequests(database.db, passwords) });
  });
  after(() => stage.database.drop());
  return stage;
}

async function letPass({ db }: FreshDatabase<UserDatabase>, { sessionId }: OpenSession, time: string): Promise<void> {
  const by = sql`${time}::interval`;
  await db
    .updateTable('sessions')
    .set({ last_used_at: sql`last_used_at - ${by}`, expires_at: sql`expires_at - ${by}` })
    .where('id', '=', sessionId)
    .execute();
  await db
    .updateTable('refresh_tokens')
    .set({ spent_at: sql`spent_at - ${by}` })
    .where('session_id', '=', sessionId)
    .execute();
}
