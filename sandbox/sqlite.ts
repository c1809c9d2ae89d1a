import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** A SQLite database that survives a kill of the process at any time. */
export interface SqliteFile {
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[];
  first<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined;
  run(sql: string, ...values: SQLInputValue[]): void;
  insert(table: string, row: Readonly<Record<string, SQLInputValue>>): void;
  /** Commits all of `work` or nothing. `work` is synchronous, so no other work runs in between. */
  transaction<Result>(work: () => Result): Result;
  close(): void;
}

/** Opens the database in `file` and applies `schema`, whose statements must be repeatable. */
export function openSqlite(file: string, schema: string): SqliteFile {
  mkdirSync(path.dirname(file), { recursive: true });
  const db = new DatabaseSync(file);
  // FULL: every acknowledged effect is on disk, also after a power loss. Other ledgers are checked against this one.
  db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
  db.exec(schema);
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string) => {
    const known = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  return {
    all: <Row>(sql: string, ...values: SQLInputValue[]) => prepared(sql).all(...values) as Row[],
    first: <Row>(sql: string, ...values: SQLInputValue[]) => prepared(sql).get(...values) as Row | undefined,
    run: (sql, ...values) => void prepared(sql).run(...values),
    insert(table, row) {
      const columns = Object.keys(row);
      const places = columns.map((column) => `:${column}`);
      prepared(`insert into ${table} (${columns.join(', ')}) values (${places.join(', ')})`).run(row);
    },
    transaction(work) {
      db.exec('begin immediate');
      try {
        const result = work();
        db.exec('commit');
        return result;
      } catch (error) {
        db.exec('rollback');
        throw error;
      }
    },
    close: () => db.close(),
  };
}
