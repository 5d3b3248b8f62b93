import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, dataOf, sortRows } from '../../../webview/report/columns.ts';
import { isFromReport } from '../../../webview/report/messages.ts';
import {
  fileName,
  fileParts,
  prunes,
  recipeOf,
  rowOf,
  totalsOf,
} from '../../../webview/report/model.ts';
import { editorReport } from '../../../webview/report/page.ts';
import { english } from '../../../webview/report/strings.ts';
import { toTsv } from '../../../webview/ui/export.ts';
import { report } from './sample.ts';

const rows = report.layers.map(rowOf);
const columns = columnsOf(english);
const column = (id: string): (typeof columns)[number] => columns.find((c) => c.id === id)!;
const names = (sorted: readonly { name: string }[]): string[] => sorted.map((r) => r.name);

test('the parts of the file add up to its size', () => {
  const parts = fileParts(report);
  assert.equal(
    parts.reduce((sum, p) => sum + p.bytes, 0),
    report.output.bytes,
  );
  assert.deepEqual(
    parts.map((p) => p.bytes),
    [756, 291, 194, 40, 1719],
  );
});
test('totals count weights and bytes, and weigh means as the figures are meant', () => {
  const totals = totalsOf(report.layers);
  assert.equal(totals.weights, 4000);
  assert.equal(totals.left, (450 + 300 + 400) / 4000);
  assert.equal(totals.stored, 627 + 400 + 254);
  assert.equal(totals.rate, (0.2 * 900 + 0.1 * 2700 + 0.2 * 400) / 4000);
  assert.equal(totals.weightBitsHuffman, (6.5 * 450 + 6.5 * 350 + 4 * 400) / 1200);
  assert.equal(totals.indexBits, 4, 'the dense layer has no index and does not count');
});
test('totals of no layers and of dense layers only have no index bits and no NaN', () => {
  assert.equal(totalsOf([]).left, 0);
  assert.equal(totalsOf([]).indexBits, null);
  assert.equal(totalsOf([report.layers[2]!]).indexBitsHuffman, null);
});
test('rows sort by value in both directions, dense layers last both times', () => {
  assert.deepEqual(names(sortRows(rows, column('weights'), 1)), ['fc', 'conv10', 'conv9']);
  assert.deepEqual(names(sortRows(rows, column('weights'), -1)), ['conv9', 'conv10', 'fc']);
  assert.deepEqual(names(sortRows(rows, column('ib'), 1)), ['conv10', 'conv9', 'fc']);
  assert.deepEqual(names(sortRows(rows, column('ib'), -1)), ['conv10', 'conv9', 'fc']);
  assert.deepEqual(names(sortRows(rows, undefined, -1)), ['conv10', 'conv9', 'fc']);
});
test('names sort with their numbers as numbers', () => {
  assert.deepEqual(names(sortRows(rows, column('name'), 1)), ['conv9', 'conv10', 'fc']);
});
test('the columns are those of Tables 2 to 5, in their order', () => {
  const heads = columns.filter((c) => !c.more).map((c) => `${c.group} ${c.label}`.trim());
  assert.deepEqual(heads, [
    'Layer',
    'Weights',
    '% left',
    'Weight bits P+Q',
    'Weight bits P+Q+H',
    'Index bits P+Q',
    'Index bits P+Q+H',
    'Rate P+Q',
    'Rate P+Q+H',
    'Stored',
  ]);
  assert.deepEqual(
    columns.filter((c) => !c.more).map((c) => c.text(rows[2]!)),
    ['fc', '400', '100 %', '8', '4.0', '–', '–', '20.0 %', '15.0 %', '254 B'],
  );
});
test('the totals row prints ratios beside shares, as the paper does', () => {
  const totals = totalsOf(report.layers);
  assert.equal(column('left').text(totals), '28.7 %');
  assert.equal(column('left').below?.(totals), '3.48×');
  assert.equal(column('left').below?.(rows[0]!), '', 'only in the totals');
  assert.equal(column('left').below?.(totalsOf([])), '');
});
test('the copied table has one line a layer and no tab or line break in a cell', () => {
  const evil = [{ ...rows[0]!, name: 'a\tb\nc' }];
  const [head, line, ...rest] = toTsv(dataOf(evil, columns)).split('\n');
  assert.equal(rest.length, 0);
  assert.equal(line?.split('\t').length, head?.split('\t').length);
});
test('the recipe shows its name, what it says of itself, and all of it', () => {
  assert.deepEqual(recipeOf(report), { name: 'deep-compression', description: '', json: '' });
  const shown = recipeOf({ ...report, recipeDetails: { name: 'mine', description: 'small' } });
  assert.equal(shown.description, 'small');
  assert.deepEqual(JSON.parse(shown.json), { name: 'mine', description: 'small' });
});
test('file names come out of paths of both platforms', () => {
  assert.equal(fileName('/a/b.dcz'), 'b.dcz');
  assert.equal(fileName('C:\\a\\b.dcz'), 'b.dcz');
});
test('messages from the page are checked', () => {
  assert.ok(isFromReport({ type: 'ready' }));
  assert.ok(isFromReport({ type: 'copy', text: 'x' }));
  for (const bad of [null, 'ready', {}, { type: 'copy' }, { type: 'copy', text: 1 }, { type: 'x' }])
    assert.ok(!isFromReport(bad), JSON.stringify(bad));
});

test('the page in an editor has a strict policy and no inline script or style', () => {
  const html = editorReport({
    cspSource: 'https://source',
    cssUri: 'https://source/report.css',
    jsUri: 'https://source/report.js',
    nonce: 'N0NCE',
    lang: 'en',
    title: '<b>"x"</b>',
    data: {},
  });
  assert.match(html, /default-src 'none'/);
  assert.match(html, /script-src 'nonce-N0NCE'/);
  assert.doesNotMatch(html, /unsafe|<style|\sstyle=|\son[a-z]+=/);
  assert.doesNotMatch(html, /<b>/);
});

test('weights are left of a recipe that prunes, for all layers or for some; others round to zero', () => {
  const none = { prune: { method: 'none' }, kinds: {}, layers: { a: { skip: true } } };
  assert.equal(prunes({ recipeDetails: none }), false);
  const some = { ...none, kinds: { fc: { prune: { method: 'sparsity' } } } };
  assert.equal(prunes({ recipeDetails: some }), true);
  assert.equal(prunes({ recipeDetails: { prune: { method: 'threshold' } } }), true);
  assert.equal(prunes({}), true, 'of a file that does not say it');
});
