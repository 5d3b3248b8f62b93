/** Tables as files, and what a host lets a page give out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCsv, toJson, toTsv } from '../../../webview/ui/export.ts';
import { isOutputMessage } from '../../../webview/ui/output.ts';
import { shownText, type Table } from '../../../webview/ui/table.ts';

const table: Table = {
  columns: ['name', { name: 'value', as: 'exact' }, { name: 'share', as: 'share' }],
  rows: [
    ['a,"b"\n', -0.1, 0.5],
    ['=1+1', NaN, null],
  ],
};

test('figures are written as they are, whatever the page shows of them', () => {
  assert.equal(toCsv(table), 'name,value,share\r\n"a,""b""\n",-0.1,0.5\r\n\'=1+1,NaN,\r\n');
  assert.deepEqual(JSON.parse(toJson(table)), [
    { name: 'a,"b"\n', value: -0.1, share: 0.5 },
    { name: '=1+1', value: 'NaN', share: null },
  ]);
  assert.equal(toTsv(table), 'name\tvalue\tshare\na,"b" \t-0.1\t0.5\n=1+1\tNaN\t');
  assert.equal(shownText(0.1234567, table.columns[2]), '12.3 %');
  assert.equal(shownText(Math.fround(0.1), table.columns[1]), '0.1');
});

test('columns of one name stay apart in JSON', () => {
  const twice = { columns: ['n', 'n'], rows: [[1, 2]] };
  assert.deepEqual(JSON.parse(toJson(twice)), [{ n: 1, 'n 2': 2 }]);
  assert.deepEqual(JSON.parse(toJson({ columns: ['n'], rows: [] })), []);
});

test('a host writes only what a page may give out, under names that are none of its paths', () => {
  const save = { type: 'save', name: 'layers', format: 'csv', content: 'a' };
  assert.ok(isOutputMessage(save));
  assert.ok(isOutputMessage({ ...save, content: new ArrayBuffer(4) }));
  assert.ok(isOutputMessage({ type: 'copy', text: 'a' }));
  for (const bad of [
    { ...save, name: '../layers' },
    { ...save, name: '' },
    { ...save, format: 'html' },
    { ...save, content: { length: 1 } },
    { type: 'copy', text: 1 },
    { type: 'retry' },
    null,
  ])
    assert.ok(!isOutputMessage(bad), JSON.stringify(bad));
});
