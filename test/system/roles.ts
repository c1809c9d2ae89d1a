/**
 * Who may call an operation. This repeats what the routes say, so that a test finds a route without its check.
 * - `anyone`: no account is needed.
 * - `signed in`: any user, for themselves.
 * - `owner`: the owner of the object; for all others it does not exist.
 * - `owner or admin`: also admins.
 * - `admin`: staff.
 * - `proof`: the caller proves its identity by other means than an access token.
 */
export type Caller = 'anyone' | 'signed in' | 'owner' | 'owner or admin' | 'admin' | 'proof';

export const ALLOWED_CALLER: Record<string, Caller> = {
  signUp: 'anyone',
  readProfile: 'signed in',
  changeProfile: 'signed in',
  changePassword: 'signed in',
  signIn: 'anyone',
  listSessions: 'signed in',
  refreshSession: 'anyone',
  signOut: 'signed in',
  endSession: 'owner',
  createClient: 'admin',
  listClients: 'admin',
  renewClientSecret: 'admin',
  deleteClient: 'admin',
  grantClientToken: 'proof',
  listProducts: 'anyone',
  createProduct: 'admin',
  readProduct: 'anyone',
  changeProduct: 'admin',
  recommendForProduct: 'anyone',
  recommendForMe: 'signed in',
  readDashboard: 'signed in',
  readStock: 'admin',
  adjustStock: 'admin',
  readCart: 'signed in',
  clearCart: 'signed in',
  setCartLine: 'signed in',
  removeCartLine: 'signed in',
  placeOrder: 'signed in',
  listOrders: 'signed in',
  readOrder: 'owner or admin',
  readHistory: 'owner or admin',
  followOrder: 'owner or admin',
  cancelOrder: 'owner or admin',
  askReturn: 'owner or admin',
  listReturns: 'owner or admin',
  receiveReturn: 'admin',
  listInterventions: 'admin',
  resolveIntervention: 'admin',
  listDeadLetters: 'admin',
  resolveDeadLetter: 'admin',
  listMails: 'admin',
  listServices: 'admin',
  createWebhookEndpoint: 'signed in',
  listWebhookEndpoints: 'signed in',
  getWebhookEndpoint: 'owner',
  deleteWebhookEndpoint: 'owner',
  renewWebhookSecret: 'owner',
  listWebhookDeliveries: 'owner',
  redeliverWebhook: 'owner',
  carrierCallback: 'proof',
  readKeySet: 'anyone',
  livez: 'anyone',
  readyz: 'anyone',
  readOpenApi: 'anyone',
  readDocs: 'anyone',
  readDocsPart: 'anyone',
};
