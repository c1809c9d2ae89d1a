import type { UserRefusal } from '../../activities/user.ts';
import { Refusal } from '../../platform/contract/refusal.ts';

/** A refusal with one of the user contract's codes. */
export const refusal = (code: UserRefusal, message: string): Refusal => new Refusal(code, message);
