/** What a statement does, named as OpenTelemetry's semantic conventions for databases say. No parameter values. */
export interface SqlSummary {
  /** `db.operation.name`, such as `SELECT` */
  operation: string;
  /** `db.collection.name`, if the statement names exactly one table */
  collection: string | undefined;
  /** `db.query.summary`, each operation followed by its tables: `INSERT orders`, `SELECT carts cart_lines` */
  summary: string;
}

// A wholesale order's insert has 100 KB of placeholders; what it does is said at its beginning.
const MAX_CHARACTERS = 4_000;
/** The conventions' limit for a summary. */
const MAX_SUMMARY = 255;

// Texts and comments first, so that no word inside them counts.
const TOKENS = /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|(?:"[^"]*"|[a-z_]\w*)(?:\.(?:"[^"]*"|[a-z_]\w*))*|[(),]/gi;
const COMMON_TABLE =
  /(?:\bwith(?:\s+recursive)?|,)\s*"?(\w+)"?\s*(?:\([^)]*\)\s*)?as\s+(?:(?:not\s+)?materialized\s+)?\(/gi;
const OPERATIONS = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE']);
/** Words before `update` and `delete` that make them part of another operation: `for update`, `on conflict do update`. */
const NOT_AN_OPERATION_AFTER = new Set(['FOR', 'KEY', 'DO', 'ON']);
/** Words between an operation or `from` and the table's name. */
const BEFORE_TABLE = new Set(['ONLY', 'LATERAL']);

interface Part {
  operation: string;
  tables: string[];
}

/** Reads a statement's operations and tables from its text. */
export function summarizeSql(text: string): SqlSummary {
  const parts = partsOf(text.slice(0, MAX_CHARACTERS));
  const tables = new Set(parts.flatMap((part) => part.tables));
  const [only] = tables;
  // An operation that only reads from another one says nothing more.
  const named = tables.size > 0 ? parts.filter((part) => part.tables.length > 0) : parts;
  const operation = named[0]?.operation ?? (/[a-z]+/i.exec(text)?.[0].toUpperCase() || 'SQL');
  const words = new Set(named.map((part) => [part.operation, ...new Set(part.tables)].join(' ')));
  return {
    operation,
    collection: tables.size === 1 ? only : undefined,
    summary: ([...words].join(' ') || operation).slice(0, MAX_SUMMARY),
  };
}

/** The operations in the order of the text. Each pair of parentheses may contain another one. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  const open: (Part | undefined)[] = [undefined];
  const temporary = new Set<string | undefined>(Array.from(text.matchAll(COMMON_TABLE), ([, name]) => name));
  const tokens: readonly string[] = text.match(TOKENS) ?? [];
  tokens.forEach((token, at) => {
    const [word, previous] = [token.toUpperCase(), tokens[at - 1]?.toUpperCase() ?? ''];
    if (token === '(') open.push(undefined);
    else if (token === ')') open.pop();
    else if (OPERATIONS.has(word) && !NOT_AN_OPERATION_AFTER.has(previous)) {
      const part: Part = { operation: word, tables: [] };
      parts.push(part);
      open[open.length - 1] = part;
    }
    const part = open.at(-1);
    const table = part && startsTable(word, previous) ? tableAfter(tokens, at) : undefined;
    if (table !== undefined && !temporary.has(table)) part!.tables.push(table);
  });
  return parts;
}

/** Undefined for a subquery and for a function, which is a name before a parenthesis; an insert's columns are in one too. */
function tableAfter(tokens: readonly string[], at: number): string | undefined {
  const index = BEFORE_TABLE.has(tokens[at + 1]?.toUpperCase() ?? '') ? at + 2 : at + 1;
  const name = tokens[index];
  const isFunction = tokens[index + 1] === '(' && tokens[at]!.toUpperCase() !== 'INTO';
  return name && /^["\w]/.test(name) && !isFunction ? name.replaceAll('"', '') : undefined;
}

/** Whether a table's name follows. `is distinct from` and `extract(… from …)` name none. */
const startsTable = (word: string, previous: string): boolean =>
  word === 'INTO' ||
  word === 'JOIN' ||
  (word === 'FROM' && previous !== 'DISTINCT') ||
  (word === 'UPDATE' && !NOT_AN_OPERATION_AFTER.has(previous));
