/** docs/architecture.md says what the house is: its rooms, its arrows, and where a new thing goes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize, sep } from 'node:path';
import { test } from 'node:test';
import { arrows, pure } from '../../../scripts/lib/arrows.mjs';

const page = readFileSync('docs/architecture.md', 'utf8');
const rooms = Object.keys(arrows);

/** The room of a file of src/ or webview/; a file beside the rooms is of none. */
function roomOf(path: string): string | undefined {
  const [top, room, ...rest] = path.split(sep);
  if (top === 'webview') return 'webview';
  return top === 'src' && rest.length > 0 ? room : undefined;
}

interface Import {
  readonly file: string;
  readonly from: string;
}

/** Every import of a package or a file, types included. */
const imports: Import[] = ['src', 'webview'].flatMap((top) =>
  readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const file = join(top, name);
      const found = readFileSync(file, 'utf8').matchAll(
        /^(?:import|export|\}) [^'\n]*'([^'\n]+)';$/gm,
      );
      return [...found].map(([, from]) => ({ file, from: from! }));
    }),
);

function floorOf(room: string): number {
  return 1 + Math.max(-1, ...arrows[room]!.map(floorOf)); // a circle would never end
}

test('every folder of the source is a room, and every room has a row with its arrows', () => {
  const folders = readdirSync('src', { withFileTypes: true }).filter((e) => e.isDirectory());
  assert.deepEqual([...folders.map((e) => e.name), 'webview'].sort(), [...rooms].sort());
  const rows = page.matchAll(/^\| `(?:src\/)?(\w+)\/?` \| .+ \| ([^|]*) \|$/gm);
  const told = Object.fromEntries([...rows].map(([, room, list]) => [room, list]));
  for (const room of rooms) assert.equal(told[room], arrows[room]!.join(', ') || 'nothing', room);
});

test('the drawing has every room on the floor above all that it may import', () => {
  const drawn = [...page.matchAll(/^ {4}(\d+) {2}(.*)$/gm)].flatMap(([, floor, names]) =>
    names!.split(/ {2,}/).map((room) => [room, Number(floor)]),
  );
  assert.deepEqual(
    Object.fromEntries(drawn),
    Object.fromEntries(rooms.map((r) => [r, floorOf(r)])),
  );
});

test('no file imports a room that its own may not', () => {
  const used = new Set<string>();
  for (const { file, from } of imports) {
    const room = roomOf(file);
    const to = from.startsWith('.') ? roomOf(normalize(join(file, '..', from))) : undefined;
    if (room === undefined || to === undefined || room === to) continue;
    assert.ok(arrows[room]!.includes(to), `${file} imports ${from}`);
    used.add(`${room} ${to}`);
  }
  assert.ok(used.size > 60, `${used.size} arrows`);
});

test('rooms that run in a browser know neither Node nor VS Code, nor does the engine but for its host', () => {
  const portable = (file: string): boolean =>
    [...pure, 'webview'].includes(roomOf(file) ?? '') ||
    (roomOf(file) === 'engine' &&
      !['node', 'web'].some((host) => file.startsWith(join('src', 'engine', host))));
  const own = imports.filter(({ file }) => portable(file));
  assert.ok(own.length > 1000);
  for (const { file, from } of own) {
    assert.doesNotMatch(from, /^(node:|vscode$)/, file);
    if (roomOf(file) === 'engine') assert.doesNotMatch(from, /\/platform\/(?!port\.ts)/, file);
  }
});

test('what "How to add" names is there', () => {
  const guide = page.slice(page.indexOf('## How to add'), page.indexOf('## Habits'));
  const named = [...guide.matchAll(/`((?:src|webview|scripts)\/[\w./-]+\.\w+)`/g)].map(
    (m) => m[1]!,
  );
  assert.ok(named.length > 15, named.join());
  for (const path of named)
    if (!path.includes('NAME')) assert.ok(existsSync(path), path);
    else assert.ok(readdirSync(join(path, '..')).length > 1, path);
});
