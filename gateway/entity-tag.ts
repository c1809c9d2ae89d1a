import { Problem } from '../platform/http/problem.ts';

/**
 * The version that an If-Match header requires; undefined without the header, or for `*`.
 * Only the version part counts: a sale in the meantime is no reason to refuse a new description.
 */
export function expectedVersion(ifMatch: string): number | undefined {
  if (ifMatch === '' || ifMatch.trim() === '*') return undefined;
  const [, version] = /^\s*"(\d{1,9})(?:-[\w-]*)?"\s*$/.exec(ifMatch) ?? [];
  // A weak tag never matches, a tag that is not ours cannot match, and a list of tags is ambiguous.
  if (!version)
    throw new Problem(
      412,
      'PreconditionFailed',
      'the If-Match header is not the ETag of the current version; read the resource again',
    );
  return Number(version);
}
