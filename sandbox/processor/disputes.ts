import { randomUUID } from 'node:crypto';
import { type StoredOutcome, refusal } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import type { Confirmations } from './confirmations.ts';
import type { Amount, HoldRef } from './entries.ts';

/** Payments that their card's holder does not accept: one of each hold. */
export const DISPUTES_SCHEMA = `
  create table if not exists disputes (
    sequence integer primary key,
    id text not null unique,
    order_id text not null,
    hold_id text not null,
    amount_minor integer not null,
    currency text not null,
    respond_by text not null,
    status text not null default 'open' check (status in ('open', 'won', 'lost')),
    unique (order_id, hold_id)
  ) strict;`;

interface Dispute extends Amount {
  id: string;
  orderId: string;
  holdId: string;
  respondBy: string;
  status: 'open' | 'won' | 'lost';
}

const COLUMNS = `id, order_id as "orderId", hold_id as "holdId", amount_minor as "amountMinor", currency,
  respond_by as "respondBy", status`;

// As long as card networks give.
const RESPONSE_MS = 10 * 24 * 60 * 60 * 1000;

/** The processor takes the money of a dispute back at once, and gives it back if the shop wins. The ledger has neither. */
export class Disputes {
  readonly #db: SqliteFile;
  readonly #confirmations: Confirmations;

  constructor(db: SqliteFile, confirmations: Confirmations) {
    this.#db = db;
    this.#confirmations = confirmations;
  }

  /** The card's holder disputes what was captured of a hold, in the caller's transaction. */
  open({ orderId, holdId, amountMinor, currency }: { orderId: string; holdId: string } & Amount): void {
    if (this.ofHold({ orderId, holdId })) return;
    const id = `dp_${randomUUID().replaceAll('-', '')}`;
    this.#db.insert('disputes', {
      id,
      order_id: orderId,
      hold_id: holdId,
      amount_minor: amountMinor,
      currency,
      respond_by: new Date(Date.now() + RESPONSE_MS).toISOString(),
    });
    this.#tell('dispute.created', { id, orderId, holdId });
  }

  /** What a dispute is now; undefined if the processor does not know it. */
  describe(id: string): Record<string, unknown> | undefined {
    const dispute = this.#db.first<Dispute>(`select ${COLUMNS} from disputes where id = ?`, id);
    return dispute && { ...dispute, reason: 'fraudulent', withdrawn: dispute.status !== 'won' };
  }

  /** Without `holdId`: the order's newest. */
  ofHold({ orderId, holdId }: HoldRef): Dispute | undefined {
    return this.#db.first<Dispute>(
      `select ${COLUMNS} from disputes where order_id = ? and hold_id = coalesce(?, hold_id) order by sequence desc limit 1`,
      orderId,
      holdId ?? null,
    );
  }

  /** The bank decides. A repeat sends the event again. */
  close(hold: HoldRef, outcome: 'won' | 'lost'): StoredOutcome {
    return this.#db.transaction(() => {
      const dispute = this.ofHold(hold);
      if (!dispute) return refusal(404, 'NotFound', 'this payment is not disputed');
      if (dispute.status !== 'open' && dispute.status !== outcome) {
        return refusal(409, 'AlreadyDecided', `the bank has decided before: ${dispute.status}`);
      }
      this.#db.run('update disputes set status = ? where id = ?', outcome, dispute.id);
      this.#tell('dispute.closed', dispute);
      return { status: 200, body: this.describe(dispute.id)! };
    });
  }

  #tell(type: string, { id: disputeId, orderId, holdId }: Pick<Dispute, 'id' | 'orderId' | 'holdId'>): void {
    const id = `evt_${disputeId}_${type}`;
    this.#confirmations.send({ id, type, orderId, holdId, disputeId, at: new Date().toISOString() });
  }
}
