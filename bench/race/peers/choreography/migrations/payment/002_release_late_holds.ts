export { up } from '../../../../../../services/payment/migrations/002_release_late_holds.ts';
