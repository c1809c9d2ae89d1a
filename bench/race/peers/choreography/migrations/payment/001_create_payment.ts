export { up } from '../../../../../../services/payment/migrations/001_create_payment.ts';
