import type { Socket } from 'node:net';
import pg from 'pg';

// A service has a few dozen; lists of varying length add more. Each takes about 20 KB in every connection's backend.
const MAX_STATEMENTS = 200;

// Time for the server's own timeout error to arrive.
const GRACE_MS = 2_000;

/** SQLSTATE `feature_not_supported`: what PostgreSQL returns when a prepared statement's columns have changed. */
const PLAN_OUTDATED = '0A000';

/** The names of one pool's prepared statements, the same in each of its connections. */
class StatementNames {
  readonly #names = new Map<string, string>();
  #generation = 0;

  /** Undefined once there are too many: statements that vary this much are not worth a stored plan. */
  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= MAX_STATEMENTS) return known;
    const name = `s${this.#generation}.${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }

  /** Every statement is prepared again from now on. */
  clear(): void {
    this.#names.clear();
    this.#generation += 1;
  }
}

/**
 * The client class of one pool. PostgreSQL parses and plans each statement once per connection, not at every use.
 * Finding one row takes 0.10 instead of 0.16 ms of the server's CPU: `node bench/studies/statements.ts`.
 *
 * A migration that adds a column invalidates statements that read all columns, in running processes too. The first such
 * statement fails with a fault, which callers retry where they can; after that all are prepared again.
 *
 * Not with `prepares: false`, for poolers that cannot: each statement is then parsed at every use.
 *
 * If the server stops responding, for example after a power loss, the statement fails and the connection leaves the pool.
 */
export function preparingClient({ prepares }: { prepares: boolean } = { prepares: true }): typeof pg.Client {
  const names = new StatementNames();
  const prepareAnew = (error: { code?: string }): never => {
    if (error.code === PLAN_OUTDATED) names.clear();
    throw error;
  };
  return class PreparingClient extends pg.Client {
    /** After this time a server that should have ended the statement itself counts as lost; undefined: no limit. */
    readonly #lostAfterMs: number | undefined;

    constructor(config: pg.ClientConfig = {}) {
      super(config);
      this.#lostAfterMs = config.statement_timeout ? config.statement_timeout + GRACE_MS : undefined;
    }

    // pg overloads `query` in many ways; only text with values is prepared here.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    override query(...args: any[]): any {
      const [text, values] = args as unknown[];
      const name = prepares && typeof text === 'string' && Array.isArray(values) && values.length > 0 && names.of(text);
      if (name) return this.#withTimeout(super.query({ name, text, values }).catch(prepareAnew));
      const result: unknown = super.query(...(args as Parameters<pg.Client['query']>));
      return result instanceof Promise ? this.#withTimeout(result) : result;
    }

    #withTimeout<Result>(result: Promise<Result>): Promise<Result> {
      if (this.#lostAfterMs === undefined) return result;
      const timer = setTimeout(() => connectionOf(this).stream.destroy(), this.#lostAfterMs);
      return result.finally(() => clearTimeout(timer));
    }
  };
}

/** Missing from pg's types. */
const connectionOf = (client: pg.Client) => (client as unknown as { connection: { stream: Socket } }).connection;
