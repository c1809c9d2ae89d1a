import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** One file on disk that remembers what a sandbox server did, whatever kills it. */
export interface Books {
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[];
  first<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined;
  run(sql: string, ...values: SQLInputValue[]): void;
  insert(table: string, row: Readonly<Record<string, SQLInputValue>>): void;
  /** All of `work` is kept or none of it. It cannot wait for anything, so nothing else comes between. */
  transaction<Result>(work: () => Result): Result;
  close(): void;
}

/** Opens the books in `file`, made with `schema` (statements that may be repeated) where they are new. */
export function openSqlite(file: string, schema: string): Books {
  mkdirSync(path.dirname(file), { recursive: true });
  const db = new DatabaseSync(file);
  // FULL: an answer that was given is on disk, also after a power cut. These are the truth others are checked against.
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
