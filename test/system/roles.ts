/**
 * Who may call an operation. This repeats what the routes say, so that a test finds a route without its check.
 * - `anyone`: no account is needed.
 * - `signed in`: any user, for themselves.
 * - `owner`: the owner of the object; for all others it does not exist.
 * - `owner or viewer`, `owner or support`: also staff with this role, for everybody's objects.
 * - `viewer`, `support`, `fulfilment`, `admin`: staff with this role, or one that includes it.
 * - `link`: anybody who has the link of an e-mail; for all others it does not exist.
 * - `proof`: the caller proves its identity by other means than an access token.
 */
export type StaffRole = 'viewer' | 'support' | 'fulfilment' | 'admin';
export type Caller =
  'anyone' | 'signed in' | 'owner' | 'owner or viewer' | 'owner or support' | StaffRole | 'link' | 'proof';

export const ALLOWED_CALLER: Record<string, Caller> = {
  signUp: 'anyone',
  startAsGuest: 'anyone',
  continueAsGuest: 'link',
  readProfile: 'signed in',
  changeProfile: 'signed in',
  changePassword: 'signed in',
  listPaymentMethods: 'signed in',
  removePaymentMethod: 'owner',
  requestPasswordReset: 'anyone',
  resetPassword: 'link',
  requestEmailVerification: 'signed in',
  verifyEmail: 'link',
  signIn: 'anyone',
  listSessions: 'signed in',
  refreshSession: 'anyone',
  signOut: 'signed in',
  endSession: 'owner',
  createClient: 'admin',
  listClients: 'admin',
  renewClientSecret: 'admin',
  deleteClient: 'admin',
  listUsers: 'admin',
  readUser: 'admin',
  changeUser: 'admin',
  listAudit: 'admin',
  grantClientToken: 'proof',
  listProducts: 'anyone',
  createProduct: 'fulfilment',
  readProduct: 'anyone',
  changeProduct: 'fulfilment',
  recommendForProduct: 'anyone',
  recommendForMe: 'signed in',
  readDashboard: 'signed in',
  listStock: 'fulfilment',
  readStock: 'fulfilment',
  adjustStock: 'fulfilment',
  readCart: 'signed in',
  clearCart: 'signed in',
  setCartLine: 'signed in',
  removeCartLine: 'signed in',
  placeOrder: 'signed in',
  listOrders: 'signed in',
  readOrder: 'owner or viewer',
  readHistory: 'owner or viewer',
  followOrder: 'owner or viewer',
  cancelOrder: 'owner or support',
  changeOrder: 'owner or support',
  namePaymentMethod: 'owner',
  askReturn: 'owner or support',
  listReturns: 'owner or viewer',
  receiveReturn: 'fulfilment',
  splitOrder: 'fulfilment',
  listParcels: 'fulfilment',
  resolveParcel: 'fulfilment',
  askRefund: 'support',
  listRefunds: 'support',
  searchOrders: 'viewer',
  exportOrders: 'viewer',
  addNote: 'support',
  listNotes: 'viewer',
  reportSales: 'viewer',
  listInterventions: 'viewer',
  readIntervention: 'viewer',
  resolveIntervention: 'support',
  listDeadLetters: 'viewer',
  resolveDeadLetter: 'admin',
  listMails: 'viewer',
  resendMail: 'support',
  listServices: 'viewer',
  createWebhookEndpoint: 'signed in',
  listWebhookEndpoints: 'signed in',
  getWebhookEndpoint: 'owner',
  deleteWebhookEndpoint: 'owner',
  renewWebhookSecret: 'owner',
  listWebhookDeliveries: 'owner',
  redeliverWebhook: 'owner',
  carrierCallback: 'proof',
  processorCallback: 'proof',
  stripeCallback: 'proof',
  readKeySet: 'anyone',
  livez: 'anyone',
  readyz: 'anyone',
  readOpenApi: 'anyone',
  listProblems: 'anyone',
  readProblem: 'anyone',
  readDocs: 'anyone',
  readDocsPart: 'anyone',
};

/** Of the operations for those who are signed in, and for owners: which guests may call, for themselves. */
export const ALLOWED_GUESTS: ReadonlySet<string> = new Set([
  'readCart',
  'clearCart',
  'setCartLine',
  'removeCartLine',
  'placeOrder',
  'listOrders',
  'readOrder',
  'readHistory',
  'followOrder',
  'cancelOrder',
  'changeOrder',
  'namePaymentMethod',
  'askReturn',
  'listReturns',
]);

/** The roles that include each role, themselves among them. */
const INCLUDED_IN: Readonly<Record<StaffRole, readonly StaffRole[]>> = {
  viewer: ['viewer', 'support', 'fulfilment', 'admin'],
  support: ['support', 'admin'],
  fulfilment: ['fulfilment', 'admin'],
  admin: ['admin'],
};

/** Whether staff with this role may call the operation for the shop. */
export function isAllowedTo(role: StaffRole, operationId: string): boolean {
  const needed = ALLOWED_CALLER[operationId]?.replace('owner or ', '') as StaffRole;
  return INCLUDED_IN[needed]?.includes(role) ?? false;
}

/** Whether only staff may call the operation. */
export const isForStaff = (operationId: string): boolean =>
  Object.hasOwn(INCLUDED_IN, ALLOWED_CALLER[operationId] ?? '');
