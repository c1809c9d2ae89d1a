// Half of what load balancers commonly allow a request; beyond it asking again costs less than holding on.
const LONGEST_SECONDS = 30;

/**
 * Seconds to wait, by the `wait` preference of a Prefer header (RFC 7240 section 4.3); undefined where there is
 * none that can be honoured: a preference is ignored then, never refused. Of several the first counts.
 */
export function preferredWait(prefer: string): number | undefined {
  for (const preference of prefer.split(',')) {
    const [, digits] = /^\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (digits === undefined) continue;
    const seconds = Number(digits);
    return seconds >= 1 && seconds <= LONGEST_SECONDS ? seconds : undefined;
  }
  return undefined;
}
