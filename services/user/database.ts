import type { Generated, JSONColumnType } from 'kysely';
import type { ShippingAddress } from '../../activities/address.ts';
import type { Role } from '../../activities/user.ts';
import type { OutboxDatabase } from '../../platform/outbox.ts';

/** What the user service knows. */
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
  };
  credentials: {
    user_id: string;
    /** In PHC string format. */
    password_hash: string;
    updated_at: Generated<Date>;
  };
}
