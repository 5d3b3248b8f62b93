/** `deepc groups` and `deepc slim`: their arguments, and their results as text. */
import type { GroupsResult } from '../engine/protocol-slim.ts';
import { count, name, table } from './format.ts';

export const slimUsage = `
  deepc groups MODEL                           channels that can be removed, and why others stay`;

export function groupsText({ groups, boundaries, inputs }: GroupsResult): string {
  const rows = groups.map((group) => [
    name(group.name),
    count(group.channels),
    count(group.layers.length),
    count(group.readers.length),
    group.changes === undefined ? '' : `normalised over by ${name(group.changes)}`,
  ]);
  const columns = [
    { title: 'group', align: 'left' as const },
    { title: 'channels', align: 'right' as const },
    { title: 'layers', align: 'right' as const },
    { title: 'read by', align: 'right' as const },
    { title: '', align: 'left' as const },
  ];
  return [
    ...(groups.length === 0 ? ['no channel can be removed'] : [table(columns, rows)]),
    ...(boundaries.length === 0 ? [] : ['', 'outputs that stay:']),
    ...boundaries.map(
      ({ layer, whole, of, why }) =>
        `  ${name(layer)}: ${whole === of ? 'all' : `${count(whole)} of`} ${count(of)}: ${name(why, 200)}`,
    ),
    '',
    ...inputs.map((line) => `dimensions are those on a made-up input, ${name(line, 200)}`),
  ].join('\n');
}
