import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parts, patternDefs, swatch } from '../../../webview/charts/patterns.ts';
import { rowBar, sizeBars, stackedBar, type BarPart } from '../../../webview/charts/stacked-bar.ts';
import { node, toText, type SvgNode } from '../../../webview/charts/svg.ts';

/** Golden files lie beside the tests; DC_UPDATE_GOLDEN=1 writes them anew, for a person to look at. */
function assertGolden(name: string, picture: SvgNode): void {
  const file = join('test/unit/webview/golden', name);
  const text = `${toText(picture)}\n`;
  if (process.env['DC_UPDATE_GOLDEN']) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${file} is missing`);
  assert.equal(text, readFileSync(file, 'utf8'));
}

const theme = { width: 600, height: 26, character: 7 };
const bar: readonly BarPart[] = [
  { part: 'values', bytes: 6000, title: 'Weight codes: 6.00 kB' },
  { part: 'index', bytes: 2500, title: 'Index: 2.50 kB' },
  { part: 'codebook', bytes: 1000, title: 'Codebooks: 1.00 kB' },
  { part: 'tables', bytes: 0, title: 'Code tables: 0 B' },
  { part: 'rest', bytes: 500, title: 'Rest: 500 B' },
];
const widths = (picture: SvgNode): number[] =>
  picture.children
    .filter((c): c is SvgNode => typeof c !== 'string' && c.tag === 'rect')
    .map((c) => Number(c.attributes['width']));

test('the stacked bar is drawn as it was', () =>
  assertGolden('stacked-bar.svg', stackedBar(bar, theme, 'Where the bytes go')));
test('the bar of a row is drawn as it was', () =>
  assertGolden('row-bar.svg', rowBar(bar, 20_000, { width: 112, height: 10, character: 7 })));
test('the two size bars are drawn as they were', () =>
  assertGolden(
    'size-bars.svg',
    sizeBars(
      [
        { label: 'Original 4.96 MB', bytes: 4_961_234, kind: 'original' },
        { label: 'Compressed 527 kB', bytes: 527_000, kind: 'compressed' },
      ],
      theme,
      'Original 4.96 MB, compressed 527 kB',
    ),
  ));
test('the patterns are drawn as they were', () => assertGolden('patterns.svg', patternDefs()));

test('segments are as long as their bytes and fill the bar', () => {
  assert.deepEqual(widths(stackedBar(bar, theme, '')), [360, 150, 60, 30]);
});
test('a part too small to see is one pixel long and stays inside the bar', () => {
  const tiny = stackedBar(
    [
      { part: 'values', bytes: 1e9, title: '' },
      { part: 'rest', bytes: 1, title: '' },
    ],
    theme,
    '',
  );
  const last = tiny.children[1] as SvgNode;
  assert.equal(last.attributes['width'], 1);
  assert.ok(Number(last.attributes['x']) + 1 <= theme.width);
});
test('an empty file draws no segment and no NaN', () => {
  const text = toText(stackedBar([{ part: 'values', bytes: 0, title: '' }], theme, 'nothing'));
  assert.doesNotMatch(text, /NaN|Infinity/);
  assert.doesNotMatch(toText(rowBar([], 0, theme)), /NaN|Infinity/);
});
test('the picture says its summary to a screen reader', () => {
  const { attributes } = stackedBar(bar, theme, 'summary');
  assert.equal(attributes['role'], 'img');
  assert.equal(attributes['aria-label'], 'summary');
});
test('no two parts share a pattern, in colour or in ink', () => {
  const shapes = parts.map((part) => toText(swatch(part)));
  assert.equal(new Set(shapes).size, parts.length);
  const defs = (patternDefs().children[0] as SvgNode).children.map((p) =>
    JSON.stringify((p as SvgNode).children.slice(1)),
  );
  assert.equal(new Set(defs).size, parts.length);
});
test('text is escaped', () => {
  assert.equal(
    toText(node('text', { 'aria-label': '"<&' }, '</text><script>')),
    '<text aria-label="&#34;&#60;&#38;">&#60;/text&#62;&#60;script&#62;</text>',
  );
});
test('no chart uses a style attribute, which the policy forbids', () => {
  for (const picture of [stackedBar(bar, theme, ''), rowBar(bar, 1, theme), patternDefs()])
    assert.doesNotMatch(toText(picture), /\sstyle=/);
});
