import { entityTagsIn } from '../platform/http/conditional.ts';
import { Problem } from '../platform/http/problem.ts';

/**
 * The version that an If-Match header requires (RFC 9110 section 13.1.1); undefined without the header, or for `*`.
 * Of several versions it is the resource's current one, which `current` reads: if it changes before the caller's change
 * is made, the change is refused like any other that lost the race.
 * Only the version part of a tag counts: a sale in the meantime is no reason to refuse a new description.
 */
export async function expectedVersion(ifMatch: string, current: () => Promise<number>): Promise<number | undefined> {
  if (ifMatch === '' || ifMatch.trim() === '*') return undefined;
  const versions = new Set(entityTagsIn(ifMatch).map(versionOf));
  // A weak tag never matches, and a tag that is not ours cannot.
  versions.delete(undefined);
  const version = versions.size > 1 ? await current() : [...versions][0];
  if (version === undefined || !versions.has(version))
    throw new Problem(
      412,
      'PreconditionFailed',
      'the If-Match header has no ETag of the current version; read the resource again',
    );
  return version;
}

function versionOf(tag: string): number | undefined {
  const [, version] = /^"(\d{1,9})(?:-[\w-]*)?"$/.exec(tag) ?? [];
  return version === undefined ? undefined : Number(version);
}
