/** What is of interest here in the API's own description. */
export interface Description {
  paths: Record<
    string,
    Record<
      string,
      { operationId: string; description?: string; responses: Record<string, { links?: Record<string, unknown> }> }
    >
  >;
}

/** Every operation, by id and as schemathesis names it. */
export const operationsOf = ({ paths }: Description) =>
  Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { operationId, description = '', responses }]) => ({
      operationId,
      name: `${method.toUpperCase()} ${template}`,
      forAdmins: description.startsWith('For admins.'),
      responses,
    })),
  );

/** Every link from an answer, as schemathesis names it without where it leads: `POST /v1/orders -> [202] readOrder`. */
export const linksOf = (description: Description): string[] =>
  operationsOf(description).flatMap(({ name, responses }) =>
    Object.entries(responses).flatMap(([status, { links = {} }]) =>
      Object.keys(links).map((link) => `${name} -> [${status}] ${link}`),
    ),
  );
