import { createHash } from 'node:crypto';
import type { RouteRequest } from '../../platform/http/route.ts';

/**
 * Names the effect of one request: the same caller, operation and Idempotency-Key always give the same id, so that
 * whatever it names downstream happens once, also after the gateway's own record is gone.
 * A UUID of version 8 (RFC 9562 section 5.8), the one for hashes of one's own choice.
 */
export function effectId(
  operationId: string,
  { caller, idempotencyKey }: Pick<RouteRequest, 'caller' | 'idempotencyKey'>,
) {
  // JSON keeps the three apart: no caller can choose a key that runs into another's name.
  const hash = createHash('sha256')
    .update(JSON.stringify([caller!.id, operationId, idempotencyKey]))
    .digest('hex');
  const variant = ((Number.parseInt(hash[16]!, 16) & 0x3) | 0x8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}
