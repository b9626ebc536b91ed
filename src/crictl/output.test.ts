import { describe, expect, test } from 'vitest';
import { Container, PodSandbox } from '../cri/generated/api.ts';
import { protoJson, renderTable } from './output.ts';

test('columns are as wide as their widest cell', () => {
  expect(
    renderTable(
      ['ID', 'NAME'],
      [
        ['1', 'a-long-name'],
        ['1234', 'b'],
      ],
    ),
  ).toBe('ID     NAME\n1      a-long-name\n1234   b\n');
});

describe('protoJson', () => {
  test('writes enum names, int64 as strings, and defaults', () => {
    const container = Container.fromPartial({
      id: 'c1',
      createdAt: 1_700_000_000_000_000_000n,
      metadata: { name: 'web' },
      state: 1,
    });
    expect(protoJson(container, Container.toJSON(container), { state: 'CONTAINER_CREATED' })).toMatchObject({
      id: 'c1',
      state: 'CONTAINER_RUNNING',
      createdAt: '1700000000000000000',
      metadata: { name: 'web', attempt: 0 },
      labels: {},
      image: null,
    });
  });

  test('names the enum value that is zero', () => {
    const sandbox = PodSandbox.fromPartial({ id: 's1' });
    expect(protoJson(sandbox, PodSandbox.toJSON(sandbox), { state: 'SANDBOX_READY' })).toMatchObject({
      state: 'SANDBOX_READY',
    });
  });
});
