import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { sql } from 'kysely';
import { connect } from '../../platform/database/connection.ts';
import { withDatabase } from '../../platform/database/provision.ts';
import { freshDatabase } from '../stage/fresh-database.ts';
import { postgresUrl } from '../stage/shared-server.ts';

const program = path.join(import.meta.dirname, '../../services/migrate.ts');

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `npm run migrate` for two databases, in this order. */
function migrate(environment: Record<string, string>): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'user', 'cart'], { env: environment }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

describe('npm run migrate', function () {
  this.timeout(120_000);

  it('leaves the databases of another version of the platform alone, all of them, and says so in one line', async () => {
    const cart = await freshDatabase('cart');
    const server = connect<unknown>(cart.ownerUrl, 1);
    await sql`insert into kysely_migration values ('003_later', '2100-01-01T00:00:00.000Z')`.execute(server);
    const user = `t_user_${randomUUID().slice(0, 8)}`;
    const ended = await migrate({
      DATABASE_URL: await postgresUrl(),
      CART_DATABASE_URL: cart.url,
      USER_DATABASE_URL: withDatabase(cart.url, user),
    });
    assert.deepEqual(ended, {
      code: 1,
      stdout: '',
      stderr:
        `database ${new URL(cart.url).pathname.slice(1)} was made by another version of the platform ` +
        '(migration 003_later is unknown here): start that version, or set DATABASE_URL to another server\n',
    });
    const { rows } = await sql`select 1 from pg_database where datname = ${user}`.execute(server);
    assert.deepEqual(rows, [], 'the first database was created');
    await server.destroy();
    await cart.drop();
  });
});
