/**
 * Whether an object in this well-formed JSON text has two members of one name, or one called `__proto__`. Of the first
 * JSON.parse keeps the last and others the first: whoever checks a request and whoever acts on it must not read two
 * different ones (RFC 8259 section 4, RFC 7493 section 2.3). The second is a field to some and a prototype to others.
 * No recursion, and one look at each character.
 */
export function isAmbiguous(json: string): boolean {
  /** Names seen in each object that is open; undefined for an array. */
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

/** `"a"` and `"\u0061"` are one name. */
const nameIn = (quoted: string): string =>
  quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);

function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    if (json[at] === '\\') at += 1;
    else if (json[at] === '"') return at;
  }
  return json.length;
}
