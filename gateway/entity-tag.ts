import { Problem } from '../platform/http/problem.ts';

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
