export { up } from '../../../../../../services/payment/migrations/004_hold_several_times.ts';
