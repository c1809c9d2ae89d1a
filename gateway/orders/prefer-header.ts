// Half of the usual request timeout of load balancers; for longer waits, polling is cheaper than an open request.
const MAX_WAIT_SECONDS = 30;

/**
 * The `wait` preference of a Prefer header in seconds (RFC 7240 section 4.3). Undefined if there is none that can be
 * honored: preferences are ignored then, never refused. The first of several counts.
 */
export function preferredWait(prefer: string): number | undefined {
  // Commas separate preferences, except within quotes.
  for (const preference of prefer.match(/(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g) ?? []) {
    const [, digits] = /^\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (digits === undefined) continue;
    const seconds = Number(digits);
    return seconds >= 1 && seconds <= MAX_WAIT_SECONDS ? seconds : undefined;
  }
  return undefined;
}
