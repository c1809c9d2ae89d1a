/** Sends a POST request with a JSON body and returns the JSON of the response; throws if its status is not 2xx. */
export async function postJson<Body>(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Body> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${url} returned ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}
