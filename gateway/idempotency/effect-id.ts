import { createHash } from 'node:crypto';
import type { RouteRequest } from '../../platform/http/route.ts';

/**
 * Identifies the effect of a request: the same caller, operation and Idempotency-Key always give the same id, so that
 * the effect happens once, even after the gateway's own record is gone.
 * A UUID version 8 (RFC 9562 section 5.8), the version for custom hashes.
 */
export function effectId(
  operationId: string,
  { caller, idempotencyKey }: Pick<RouteRequest, 'caller' | 'idempotencyKey'>,
) {
  // JSON separates the three parts, so that no caller can choose a key that collides with another id.
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
