export { up } from '../../../../../../services/shipping/migrations/003_several_parcels.ts';
