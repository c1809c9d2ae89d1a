export { up } from '../../../../../../services/payment/migrations/005_know_cards_and_failures.ts';
