/** What one file asks of another module. */
export interface Import {
  /** As written; for an `import()` that is worked out at run time, the expression's first token. */
  specifier: string;
  /** Gone at run time: `import type` or `export type`. `import { type A }` is not, it still loads the module. */
  typeOnly: boolean;
  computed: boolean;
}

interface Token {
  kind: 'word' | 'string' | 'sign';
  text: string;
}

/** Everything `source` imports, and every relative path in it that is no import: none is overlooked in silence. */
export function importsOf(source: string): { imports: Import[]; unread: string[] } {
  const tokens = tokensOf(source);
  const imports: Import[] = [];
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== 'word' || tokens[index - 1]?.text === '.') continue;
    const found = text === 'import' ? importAt(tokens, index) : text === 'export' ? exportAt(tokens, index) : undefined;
    if (found) imports.push(found);
  }
  const read = new Set(imports.map(({ specifier }) => specifier));
  const unread = tokens.filter(({ kind, text }) => kind === 'string' && /^\.\.?\/.*\.m?[jt]s$/s.test(text));
  return { imports, unread: unread.map(({ text }) => text).filter((text) => !read.has(text)) };
}

/** Whether `source` reads the environment. */
export const readsEnvironment = (source: string): boolean =>
  tokensOf(source).some(
    ({ text }, index, tokens) =>
      text === 'process' && tokens[index + 1]?.text === '.' && tokens[index + 2]?.text === 'env',
  );

function importAt(tokens: Token[], index: number): Import | undefined {
  const next = tokens[index + 1];
  if (!next || next.text === '.' || next.text === ':') return undefined;
  if (next.kind === 'string') return { specifier: next.text, typeOnly: false, computed: false };
  if (next.kind === 'sign' && next.text === '(') {
    const { kind = 'sign', text = '' } = tokens[index + 2] ?? {};
    return { specifier: text, typeOnly: false, computed: kind !== 'string' || text.includes('${') };
  }
  return clauseAt(tokens, index);
}

/** `export … from` only: other exports ask for nothing. */
function exportAt(tokens: Token[], index: number): Import | undefined {
  const first = tokens[index + 1]?.text === 'type' ? tokens[index + 2] : tokens[index + 1];
  return first?.text === '*' || first?.text === '{' ? clauseAt(tokens, index) : undefined;
}

function clauseAt(tokens: Token[], index: number): Import | undefined {
  const [first, second] = [tokens[index + 1], tokens[index + 2]];
  // `import type from './a.ts'` imports something called type.
  const typeOnly = first?.text === 'type' && second?.text !== 'from' && second?.text !== ',';
  for (let at = index + 1; at < tokens.length - 1; at++) {
    const [token, next] = [tokens[at]!, tokens[at + 1]!];
    if (token.kind === 'word' && token.text === 'from' && next.kind === 'string') {
      return { specifier: next.text, typeOnly, computed: false };
    }
    const inClause = token.kind === 'word' || '{},*'.includes(token.text);
    if (!inClause) return undefined;
  }
  return undefined;
}

const TOKEN =
  /(?<skip>\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<word>[\p{ID_Start}$_#][\p{ID_Continue}$]*|\d[\w.]*)|'(?<single>(?:\\.|[^'\\\n])*)'|"(?<double>(?:\\.|[^"\\\n])*)"|(?<sign>[\s\S])/uy;
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/uy;
// After these a slash starts a regular expression; after a name, a closing bracket or a string it divides.
const BEFORE_EXPRESSION = /^(?:[([{},;:=!&|?+\-*%~^<>]|return|typeof|case|in|of|await|yield|void)$/;

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < source.length;) {
    const last = tokens.at(-1);
    if (source[at] === '`') {
      const { text, inner, end } = template(source, at);
      tokens.push({ kind: 'string', text }, ...inner);
      at = end;
      continue;
    }
    TOKEN.lastIndex = at;
    const { skip, word, single, double, sign } = TOKEN.exec(source)!.groups!;
    at = TOKEN.lastIndex;
    if (skip !== undefined) continue;
    if (sign === '/' && (!last || (last.kind !== 'string' && BEFORE_EXPRESSION.test(last.text)))) {
      REGULAR_EXPRESSION.lastIndex = at - 1;
      if (REGULAR_EXPRESSION.test(source)) at = REGULAR_EXPRESSION.lastIndex;
    }
    const text = single ?? double;
    if (text !== undefined) tokens.push({ kind: 'string', text });
    else tokens.push(word === undefined ? { kind: 'sign', text: sign! } : { kind: 'word', text: word });
  }
  return tokens;
}

/** A template from its backtick on, with the tokens of what is put into it. */
function template(source: string, start: number): { text: string; inner: Token[]; end: number } {
  const inner: Token[] = [];
  let at = start + 1;
  while (at < source.length && source[at] !== '`') {
    if (source[at] === '\\') at += 2;
    else if (source.startsWith('${', at)) {
      const end = closing(source, at + 2);
      inner.push(...tokensOf(source.slice(at + 2, end)));
      at = end + 1;
    } else at += 1;
  }
  return { text: source.slice(start + 1, at), inner, end: at + 1 };
}

/** Where the brace that was opened before `start` is closed. */
function closing(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    const letter = source[at];
    if (letter === '`') at = template(source, at).end - 1;
    else if (letter === "'" || letter === '"') at = source.indexOf(letter, at + 1);
    else if (letter === '{') depth += 1;
    else if (letter === '}' && depth-- === 0) return at;
  }
  return source.length;
}
