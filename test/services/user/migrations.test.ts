import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { UserDatabase } from '../../../services/user/database.ts';
import { createUserRequests } from '../../../services/user/requests.ts';
import type { FreshDatabase } from '../../stage/fresh-database.ts';
import { upgradedDatabase } from '../../stage/upgraded-database.ts';
import { passwords } from './test-sessions.ts';

describe('users of an earlier version', () => {
  let database: FreshDatabase<UserDatabase>;

  before(async () => {
    database = await upgradedDatabase('user', '001_create_user', (owner) =>
      sql`
        insert into users (id, email, name, role, created_at) values
          ('6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c', 'Ada@example.com', 'Ada Lovelace', 'customer', '2026-01-05T09:00:00.0004Z'),
          ('0c6e2f4e-2b9a-4e0b-a3a5-8f2f5e1f6c11', 'boss@example.com', '   ', 'admin', '2026-01-05T09:00:00.0003Z')`.execute(
        owner,
      ),
    );
  });
  after(() => database.drop());

  it('are active, without a verified address, and are found, page by page', async () => {
    const users = await createUserRequests(database.db, passwords);
    const first = await users.listUsers({ limit: 1 });
    const second = await users.listUsers({ limit: 1, after: first.next! });
    const all = [...first.items, ...second.items];
    assert.deepEqual(
      all.map(({ role, active, emailVerified }) => [role, active, emailVerified]),
      [
        ['customer', true, false],
        ['admin', true, false],
      ],
    );
    assert.equal(second.next, null);
    const { items } = await users.listUsers({ query: 'ada@ex love', limit: 5 });
    assert.deepEqual(
      items.map(({ id }) => id),
      ['6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c'],
    );
  });
});
