import { z } from 'zod';
import { Problem } from '../platform/http/problem.ts';

/** Checks an id from a path. Ids are opaque to callers, so a malformed one is reported as not found. */
export function idOr404(id: string, code: `${string}NotFound`): string {
  if (!z.uuid().safeParse(id).success) throw notFound(code);
  return id.toLowerCase();
}

export const notFound = (code: `${string}NotFound`): Problem =>
  new Problem(404, code, 'there is nothing with this id, or it is not yours');
