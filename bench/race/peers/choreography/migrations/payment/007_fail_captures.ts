export { up } from '../../../../../../services/payment/migrations/007_fail_captures.ts';
