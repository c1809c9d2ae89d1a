import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

interface Document {
  paths: Record<string, Record<string, { operationId: string; parameters?: { name?: string }[] }>>;
}

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

describe('the configuration of schemathesis', () => {
  it('expects that every list, and nothing else, refuses a cursor that it has not returned', () => {
    const { paths } = JSON.parse(read('../gateway/openapi/openapi.snapshot.json')) as Document;
    const lists = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .filter(({ parameters = [] }) => parameters.some(({ name }) => name === 'cursor'))
      .map(({ operationId }) => operationId);
    const [, section = ''] = read('schemathesis.toml').split('# Only cursors that the list returned are valid');
    const named = section.slice(section.indexOf('['), section.indexOf('checks.')).match(/(?<=")\w+(?=")/g);
    assert.deepEqual(named?.toSorted(), lists.toSorted());
  });
});
