import { Refusal } from '../../platform/contract/refusal.ts';

/** The value of this key, or a refusal with this code. */
export function findOrRefuse<Value>(map: Map<string, Value>, key: string, code: string): Value {
  const value = map.get(key);
  if (!value) throw new Refusal(code, `there is no ${key}`);
  return value;
}
