import type { UserRefusal } from '../../activities/user.ts';
import { Refusal } from '../../platform/contract/refusal.ts';

/** One of the codes of the contract. */
export const refusal = (code: UserRefusal, message: string): Refusal => new Refusal(code, message);
