import type { Generated, JSONColumnType } from 'kysely';
import type { ShippingAddress } from '../../activities/address.ts';
import type { Role } from '../../activities/user.ts';
import type { OutboxDatabase } from '../../platform/events/outbox.ts';

/** The user service's tables. */
export interface UserDatabase extends OutboxDatabase {
  users: {
    id: string;
    email: string;
    name: string;
    role: Role;
    shipping_address: JSONColumnType<ShippingAddress> | null;
    version: Generated<number>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
    /** Null: the account is active. */
    deactivated_at: Generated<Date | null>;
    email_verified_at: Generated<Date | null>;
  };
  credentials: {
    user_id: string;
    /** In PHC string format. */
    password_hash: string;
    updated_at: Generated<Date>;
  };
  sessions: {
    id: string;
    user_id: string;
    user_agent: string | null;
    created_at: Generated<Date>;
    last_used_at: Generated<Date>;
    /** Regardless of use. */
    expires_at: Date;
    ended_at: Date | null;
    end_reason: EndReason | null;
  };
  refresh_tokens: {
    /** SHA-256. */
    token_hash: Buffer;
    session_id: string;
    spent_at: Date | null;
    successor_salt: Buffer | null;
  };
  sign_in_attempts: {
    subject: Buffer;
    /** Consecutive failures, including an attempt in progress. */
    failures: number;
    last_at: Generated<Date>;
    blocked_until: Generated<Date>;
  };
  clients: {
    id: string;
    name: string;
    scopes: string[];
    secret_hash: Buffer;
    /** Digest of the previous secret, which is valid until `previous_until`. */
    previous_hash: Buffer | null;
    previous_until: Date | null;
    created_by: string;
    created_at: Generated<Date>;
    deleted_at: Date | null;
  };
  /** The addresses from which each user has signed in. */
  known_addresses: {
    user_id: string;
    address: string;
    seen_at: Generated<Date>;
  };
  /** Each is a user's or a guest's. */
  mail_links: {
    id: string;
    user_id: string | null;
    guest_id: string | null;
    purpose: LinkPurpose | 'guest_orders';
    email: string;
    /** SHA-256; null until the mail is written. */
    token_hash: Buffer | null;
    created_at: Generated<Date>;
    expires_at: Date;
  };
  /** Requests to reset a password that have not been looked up yet. */
  reset_requests: {
    id: Generated<string>;
    email: string;
  };
  guests: {
    id: string;
    email: string;
    /** Null until the first order. */
    name: string | null;
    created_at: Generated<Date>;
    /** When the first order was about to be placed. */
    ordered_at: Date | null;
    /** The user whom the guest's orders belong to. */
    claimed_by: string | null;
    claimed_at: Date | null;
  };
  /** Users with a verified address whose guests have not been looked up yet. */
  guest_claims: {
    id: Generated<string>;
    user_id: string;
  };
}

export type EndReason =
  'signed_out' | 'password_changed' | 'token_reused' | 'displaced' | 'role_changed' | 'deactivated';

/** What a user's link is for. */
export type LinkPurpose = 'password_reset' | 'email_verification';
