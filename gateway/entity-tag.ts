import { createHash } from 'node:crypto';
import { Problem } from '../platform/http/problem.ts';

/**
 * A strong entity tag (RFC 9110 section 8.8.3): the version says which state this is, the digest that it is
 * byte for byte the same answer; stock and permitted actions change without a new version.
 */
export function entityTag(version: number, view: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(view)).digest('base64url');
  return `"${version}-${digest.slice(0, 12)}"`;
}

/**
 * The version an If-Match header insists on; undefined where there is none, or `*`.
 * Only the version part counts: a piece sold meanwhile is no reason to refuse a new description.
 */
export function expectedVersion(ifMatch: string): number | undefined {
  if (ifMatch === '' || ifMatch.trim() === '*') return undefined;
  const [, version] = /^\s*"(\d{1,9})(?:-[\w-]*)?"\s*$/.exec(ifMatch) ?? [];
  // A weak tag never matches, a tag that is not ours cannot, and of several we would have to guess.
  if (!version) throw new Problem(412, 'PreconditionFailed', 'If-Match is not the ETag of the current version');
  return Number(version);
}
