import { CompiledQuery, Kysely, PostgresDialect, PostgresDriver, type TransactionSettings } from 'kysely';
import type pg from 'pg';

/**
 * A participant's part of one order's transaction. Until `begin` each statement on `db` runs on any connection of the pool
 * and commits by itself, as in the platform's service. From then on they run in one transaction on one connection, until
 * `prepare`, `commit` or `rollback` ends it.
 */
export class Branch<Database> {
  readonly db: Kysely<Database>;
  readonly #driver: BranchDriver;

  constructor(pool: pg.Pool) {
    const driver = new BranchDriver({ pool });
    this.#driver = driver;
    this.db = new Kysely<Database>({ dialect: new BranchDialect(driver, pool) });
  }

  get isOpen(): boolean {
    return this.#driver.isOpen;
  }

  begin(): Promise<void> {
    return this.#driver.begin();
  }

  /** From here on only `commit prepared` or `rollback prepared` with this name ends it, on any connection. */
  prepare(name: string): Promise<void> {
    return this.#driver.end(`prepare transaction '${name}'`);
  }

  commit(): Promise<void> {
    return this.#driver.end('commit');
  }

  rollback(): Promise<void> {
    return this.#driver.rollBack();
  }
}

class BranchDialect extends PostgresDialect {
  readonly #driver: BranchDriver;

  constructor(driver: BranchDriver, pool: pg.Pool) {
    super({ pool });
    this.#driver = driver;
  }

  override createDriver(): BranchDriver {
    return this.#driver;
  }
}

// Kysely does not export the class of its connections.
type Connection = Parameters<PostgresDriver['releaseConnection']>[0];

class BranchDriver extends PostgresDriver {
  #own: Connection | undefined;

  get isOpen(): boolean {
    return this.#own !== undefined;
  }

  async begin(): Promise<void> {
    await this.init();
    const connection = await this.acquireConnection();
    await super.beginTransaction(connection, {}).catch(async (error: unknown) => {
      await super.releaseConnection(connection);
      throw error;
    });
    this.#own = connection;
  }

  async end(statement: string): Promise<void> {
    const connection = this.#take();
    try {
      const { rows } = await connection.executeQuery<{ command?: string }>(CompiledQuery.raw(statement));
      // After a failed statement PostgreSQL ends the transaction like this, without an error.
      if (rows[0]?.command === 'ROLLBACK') throw new Error(`the transaction was rolled back by ${statement}`);
      await super.releaseConnection(connection);
    } catch (error) {
      await this.#rollBack(connection);
      throw error;
    }
  }

  rollBack(): Promise<void> {
    return this.#rollBack(this.#take());
  }

  async #rollBack(connection: Connection): Promise<void> {
    // If it fails, the connection leaves the pool, which ends the transaction too.
    await super.rollbackTransaction(connection).catch(() => undefined);
    await super.releaseConnection(connection);
  }

  #take(): Connection {
    const connection = this.#own!;
    this.#own = undefined;
    return connection;
  }

  override async acquireConnection(): Promise<Connection> {
    return this.#own ?? ((await super.acquireConnection()) as Connection);
  }

  override async releaseConnection(connection: Connection): Promise<void> {
    if (connection !== this.#own) await super.releaseConnection(connection);
  }

  // A transaction that the service opens inside of ours: its own commit would end ours, before the vote.

  override async beginTransaction(connection: Connection, settings: TransactionSettings) {
    await (connection === this.#own
      ? run(connection, 'savepoint inside')
      : super.beginTransaction(connection, settings));
  }

  override async commitTransaction(connection: Connection): Promise<void> {
    await (connection === this.#own ? run(connection, 'release inside') : super.commitTransaction(connection));
  }

  override async rollbackTransaction(connection: Connection): Promise<void> {
    await (connection === this.#own ? run(connection, 'rollback to inside') : super.rollbackTransaction(connection));
  }
}

const run = (connection: Connection, statement: string): Promise<unknown> =>
  connection.executeQuery(CompiledQuery.raw(statement));
