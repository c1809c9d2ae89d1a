import { z } from 'zod';
import { PageRequest } from '../platform/contract/operation.ts';

/** A page of a ledger outside of the platform; with `orderId` what it has about this order. */
export const ReadOutsideLedger = PageRequest.extend({ orderId: z.string().max(200).optional() });
export type ReadOutsideLedger = z.infer<typeof ReadOutsideLedger>;

/** Entries as the company that keeps the ledger has written them, in any order. */
export const OutsideLedgerPage = z.object({ items: z.array(z.unknown()), next: z.string().nullable() });
export type OutsideLedgerPage = z.infer<typeof OutsideLedgerPage>;

/** `page` is null where the company has no ledger that can be read. */
export const OutsideLedger = z.object({ page: OutsideLedgerPage.nullable() });
export type OutsideLedger = z.infer<typeof OutsideLedger>;
