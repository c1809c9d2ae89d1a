export { up } from '../../../../../../services/payment/migrations/006_save_payment_methods.ts';
