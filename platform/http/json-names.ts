/**
 * Whether an object in this well-formed JSON text has two fields with the same name, or one called `__proto__`. JSON.parse
 * keeps the last of two duplicates, other parsers the first: the code that checks a request and the code that executes it
 * must not see different values (RFC 8259 section 4, RFC 7493 section 2.3). `__proto__` is a field to some parsers and the
 * prototype to others. One pass over the text, without recursion.
 */
export function hasDuplicateOrInvalidName(json: string): boolean {
  /** The names seen so far in each open object; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let atName = false;
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case '{':
        open.push(new Set());
        atName = true;
        break;
      case '[':
        open.push(undefined);
        atName = false;
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        atName = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(json, at);
        if (atName) {
          const names = open.at(-1)!;
          const name = nameIn(json.slice(at, end + 1));
          if (names.has(name) || name === '__proto__') return true;
          names.add(name);
          atName = false;
        }
        at = end;
      }
    }
  }
  return false;
}

/** `"a"` and `"\u0061"` are the same name. */
const nameIn = (quoted: string): string =>
  quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);

function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    if (json[at] === '\\') at += 1;
    else if (json[at] === '"') return at;
  }
  return json.length;
}
