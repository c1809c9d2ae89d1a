export { up } from '../../../../../../services/payment/migrations/008_disputes.ts';
