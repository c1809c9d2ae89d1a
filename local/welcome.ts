export interface WelcomeDetails {
  apiUrl: string;
  processorUrl: string;
  carrierUrl: string;
  metricsUrl: string;
  servicePorts: Readonly<Record<string, number>>;
  /** Undefined if an existing Temporal server is used. */
  temporalUiUrl: string | undefined;
  temporalAddress: string;
  adminEmail: string;
  /** Undefined if it was set or has been shown before. */
  newAdminPassword: string | undefined;
  secretsFile: string;
  logs: string;
}

/** The text printed once everything runs: addresses, how to sign in, and how to place an order. */
export const welcomeText = (details: WelcomeDetails): string => `
  API                 ${details.apiUrl}
  API documentation   ${details.apiUrl}/docs
  Temporal Web UI     ${details.temporalUiUrl ?? `provided by the server at ${details.temporalAddress}`}
  card processor      ${details.processorUrl} (a sandbox: payment methods to try)
  carrier             ${details.carrierUrl} (a sandbox: postal codes to try, parcels to move)
  metrics             ${details.metricsUrl} (gateway)
                      http://127.0.0.1:PORT/metrics of each service: ${portsInWords(details.servicePorts)}
  logs                ${details.logs}
  admin               ${details.adminEmail}, password ${details.newAdminPassword ?? `as set in ADMIN_PASSWORD or printed at the first start (see ${details.secretsFile})`}

To sign up, sign in and place an order, paste this into a shell:

${orderByCurl(details.apiUrl)}
`;

const portsInWords = (ports: Readonly<Record<string, number>>): string =>
  Object.entries(ports)
    .map(([service, port]) => `${service} ${port}`)
    .join(', ');

/** Commands for any POSIX shell with curl and sed. Each run creates a new customer, so they can be pasted again. */
export const orderByCurl = (apiUrl: string): string =>
  [
    `api=${apiUrl}/v1 json='content-type: application/json' me="me-$(date +%s)@example.com"`,
    `curl -sS $api/users -H "$json" -d '{"email":"'$me'","password":"correct horse","name":"Me"}'; echo`,
    `token=$(curl -sS $api/sessions -H "$json" -d '{"email":"'$me'","password":"correct horse"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`,
    `curl -sS $api/orders -H "$json" -H "authorization: Bearer $token" -H "idempotency-key: first-$me" -H 'prefer: wait=10' -d '{"lines":[{"sku":"MUG-BLUE","quantity":2}],"paymentMethod":"pm_card_visa","shippingAddress":{"name":"Me","line1":"1 High Street","city":"London","postalCode":"N1 9GU","country":"GB"}}'; echo`,
  ].join('\n');
