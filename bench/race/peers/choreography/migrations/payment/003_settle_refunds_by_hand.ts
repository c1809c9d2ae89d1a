export { up } from '../../../../../../services/payment/migrations/003_settle_refunds_by_hand.ts';
