/**
 * Who may do what, said once more beside the routes, so that a route that forgets to ask shows.
 * - `anyone`: needs no account.
 * - `signed in`: whoever is signed in does it for themselves.
 * - `owner`: about one person's object, and that of anybody else does not exist.
 * - `owner or admin`: admins see it too.
 * - `admin`: people who work here.
 * - `proof`: whoever shows a proof of another kind than an access token.
 */
export type Who = 'anyone' | 'signed in' | 'owner' | 'owner or admin' | 'admin' | 'proof';

export const WHO_MAY: Record<string, Who> = {
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
