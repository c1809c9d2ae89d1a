export { up } from '../../../../../../services/payment/migrations/009_shorten_checks.ts';
