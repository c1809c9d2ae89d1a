import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { SettingError, postgresUrl as postgresUrlSetting, readConfig } from '../../../platform/config.ts';
import { explainDatabaseError, openDatabase } from '../../../platform/database/check.ts';
import { bringUpToDate, provision, withDatabase } from '../../../platform/database/provision.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { DATABASES } from '../../../services/registry.ts';
import { type Authority, createAuthority } from '../../stage/certificates.ts';
import { eventually } from '../../stage/eventually.ts';
import { postgresUrl } from '../../stage/shared-server.ts';
import { scratchFolder } from '../../stage/test-run.ts';
import { type TlsPostgres, startTlsPostgres } from '../../stage/tls-postgres.ts';

describe('a PostgreSQL server with TLS', function () {
  this.timeout(120_000);
  const logger = createLogger('test', 'error');
  let authority: Authority;
  let server: TlsPostgres;
  let ca: string;

  before(async () => {
    authority = await createAuthority();
    server = await startTlsPostgres(authority);
    ca = file('ca.pem', authority.cert);
    // The server reads its changed settings in its own time.
    await eventually(() => encrypted(urlWith({ sslmode: 'require' })));
  });
  after(() => server.close());

  function file(name: string, text: string): string {
    const created = path.join(scratchFolder(), name);
    writeFileSync(created, text);
    return created;
  }

  /** The server's URL with these parameters, and parts of the URL. */
  function urlWith(parameters: Record<string, string>, parts: Partial<URL> = {}): string {
    const url = Object.assign(new URL(server.url), parts);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  async function encrypted(url: string): Promise<void> {
    const db = await openDatabase<unknown>(url, { setting: 'ORDER_DATABASE_URL', logger });
    try {
      const { rows } = await sql<{ ssl: boolean }>`
        select ssl from pg_stat_ssl where pid = pg_backend_pid() and ${1} = 1`.execute(db);
      assert.deepEqual(rows, [{ ssl: true }]);
    } finally {
      await db.destroy();
    }
  }

  it('is used with sslmode=require, whatever its certificate', () => encrypted(urlWith({ sslmode: 'require' })));

  it('is used with sslmode=verify-ca and its authority, by any name', async () => {
    await encrypted(urlWith({ sslmode: 'verify-ca', sslrootcert: ca }));
    await encrypted(urlWith({ sslmode: 'verify-ca', sslrootcert: ca }, { hostname: 'localhost' }));
  });

  it('is used with sslmode=verify-full by the address in its certificate', () =>
    encrypted(urlWith({ sslmode: 'verify-full', sslrootcert: ca })));

  it('is used with a client certificate instead of a password', async () => {
    const { cert, key } = await authority.issue({ dns: 'mtls' });
    const files = { sslcert: file('mtls.pem', cert), sslkey: file('mtls.key', key) };
    await encrypted(urlWith({ sslmode: 'verify-full', sslrootcert: ca, ...files }, { username: 'mtls', password: '' }));
  });

  it('is provisioned over TLS: databases, logins, tables', async () => {
    const superuserUrl = urlWith({ sslmode: 'verify-full', sslrootcert: ca });
    const serviceUrl = withDatabase(
      urlWith({ sslmode: 'verify-full', sslrootcert: ca }, { username: 'tls_user' }),
      'tls',
    );
    await provision(DATABASES.user, superuserUrl, serviceUrl);
    await encrypted(serviceUrl);
  });

  const refused: Record<string, [url: () => Promise<string> | string, message: RegExp]> = {
    'an authority that is not trusted': [
      async () =>
        urlWith({ sslmode: 'verify-ca', sslrootcert: file('stranger.pem', (await createAuthority('Stranger')).cert) }),
      /certificate is not trusted \(\w+\): set sslrootcert/,
    ],
    'an authority of the Internet': [
      () => urlWith({ sslmode: 'verify-full' }),
      /is not trusted \(\w+\): set sslrootcert/,
    ],
    'another host': [
      () => urlWith({ sslmode: 'verify-full', sslrootcert: ca }, { hostname: 'localhost' }),
      /certificate is for another host/,
    ],
    'no TLS at the server': [async () => `${await postgresUrl()}?sslmode=require`, /the server does not support TLS/],
    'no TLS here': [() => urlWith({ sslmode: 'disable' }), /the server refuses the connection: no pg_hba\.conf entry/],
    'a wrong password': [
      () => urlWith({ sslmode: 'require' }, { password: 'wrong' }),
      /the server refuses the connection: password authentication failed/,
    ],
  };
  for (const [what, [urlOf, message]] of Object.entries(refused)) {
    it(`is refused at the start of a process, and of a migration, in one line: ${what}`, async () => {
      const url = await urlOf();
      const isRight = (error: unknown) =>
        error instanceof SettingError &&
        error.message.startsWith('setting ORDER_DATABASE_URL: ') &&
        message.test(error.message) &&
        !error.message.includes('\n');
      await assert.rejects(openDatabase(url, { setting: 'ORDER_DATABASE_URL', logger }), isRight);
      await assert.rejects(
        bringUpToDate(DATABASES.order, url, 'nobody').catch((error: unknown) => {
          throw explainDatabaseError(error, 'ORDER_DATABASE_URL');
        }),
        isRight,
      );
    });
  }

  it('may be down when a process starts', async () => {
    const db = await openDatabase('postgres://nobody@127.0.0.1:1/nothing', { setting: 'ORDER_DATABASE_URL', logger });
    await db.destroy();
  });
});

describe('the setting of a database', () => {
  const wrong: Record<string, RegExp> = {
    'sslmode=prefer': /sslmode must be one of disable, require, verify-ca, verify-full/,
    'sslmode=verify-ca': /sslmode=verify-ca needs sslrootcert/,
    'sslmode=verify-full&sslrootcert=/nowhere/ca.pem': /\/nowhere\/ca\.pem/,
  };
  for (const [parameters, message] of Object.entries(wrong)) {
    it(`is refused in one line, without its password: ${parameters}`, () => {
      const value = `postgres://me:secret@127.0.0.1/a?${parameters}`;
      assert.throws(
        () => readConfig({ ORDER_DATABASE_URL: postgresUrlSetting }, { ORDER_DATABASE_URL: value }),
        (error) =>
          error instanceof SettingError &&
          error.message.startsWith('setting ORDER_DATABASE_URL: ') &&
          message.test(error.message) &&
          !/secret|\n/.test(error.message),
      );
    });
  }
});
