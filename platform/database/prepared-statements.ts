import type { Socket } from 'node:net';
import pg from 'pg';

// A service has a few dozen; lists of varying length make more. Each costs some 20 KB in every connection's server.
const MOST = 200;

// What an error of the server's own takes to arrive.
const LATENESS_MS = 2_000;

/** SQLSTATE `feature_not_supported`, which is how PostgreSQL says that a prepared statement's columns have changed. */
const PLAN_OUTDATED = '0A000';

/** The names that one pool's statements are prepared under, in each of its connections the same. */
class StatementNames {
  readonly #names = new Map<string, string>();
  #generation = 0;

  /** Undefined where there are too many already: whatever varies that much is not worth keeping a plan for. */
  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= MOST) return known;
    const name = `s${this.#generation}.${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }

  /** From now on everything is prepared anew. */
  forget(): void {
    this.#names.clear();
    this.#generation += 1;
  }
}

/**
 * The class of one pool's connections, which have PostgreSQL parse and plan each statement once, and not at every use.
 * Finding one row takes 0.10 instead of 0.16 ms of the server's CPU: `node bench/studies/statements.ts`.
 *
 * A migration that adds a column makes the statements which read all columns outdated, under a process that runs. The
 * first to notice fails as a fault, which everybody repeats who can; after it all are prepared anew.
 *
 * A server that says nothing any more, as when its machine has lost power, fails the statement too, and the connection
 * leaves the pool.
 */
export function preparingClient(): typeof pg.Client {
  const names = new StatementNames();
  const prepareAnew = (error: { code?: string }): never => {
    if (error.code === PLAN_OUTDATED) names.forget();
    throw error;
  };
  return class PreparingClient extends pg.Client {
    /** When a server that should have ended the statement itself is taken for gone; undefined where it never should. */
    readonly #silentMs: number | undefined;

    constructor(config: pg.ClientConfig = {}) {
      super(config);
      this.#silentMs = config.statement_timeout ? config.statement_timeout + LATENESS_MS : undefined;
    }

    // One function for the many ways in which pg can be asked, of which only text with values matters here.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    override query(...given: any[]): any {
      const [text, values] = given as unknown[];
      const name = typeof text === 'string' && Array.isArray(values) && values.length > 0 && names.of(text);
      if (name) return this.#unlessSilent(super.query({ name, text, values }).catch(prepareAnew));
      const asked: unknown = super.query(...(given as Parameters<pg.Client['query']>));
      return asked instanceof Promise ? this.#unlessSilent(asked) : asked;
    }

    #unlessSilent<Answer>(asked: Promise<Answer>): Promise<Answer> {
      if (this.#silentMs === undefined) return asked;
      const silent = setTimeout(() => connectionOf(this).stream.destroy(), this.#silentMs);
      return asked.finally(() => clearTimeout(silent));
    }
  };
}

/** Not among pg's types. */
const connectionOf = (client: pg.Client) => (client as unknown as { connection: { stream: Socket } }).connection;
