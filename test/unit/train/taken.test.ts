/** What is taken for samples, labels, header and split: names and content decide, and doubt is refused. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { parseCsv, type CsvOptions } from '../../../src/train/dataset/csv.ts';
import { datasetOf } from '../../../src/train/dataset/dataset.ts';
import { labelsOf } from '../../../src/train/dataset/labels.ts';
import { parseNpyOrText } from '../../../src/train/dataset/npy.ts';
import { chooseArrays, openNpz } from '../../../src/train/dataset/npz.ts';
import { takenOf, takenText } from '../../../src/train/dataset/taken.ts';
import { decodedText, isText, labelLines } from '../../../src/train/dataset/text.ts';

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);

function refuses(pattern: RegExp, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof DeepCompressionError, String(error));
    assert.match(error.message, pattern);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
}

const rows = (text: string, options: CsvOptions = {}): [number[][], unknown] => {
  const { x, y } = parseCsv(text, 't.csv', options);
  const width = x.shape[1]!;
  const samples = Array.from({ length: x.shape[0]! }, (_, r) =>
    Array.from(x.data.slice(r * width, (r + 1) * width)),
  );
  return [samples, y === undefined ? undefined : 'text' in y ? y.text : Array.from(y.data)];
};
const samplesOf = (text: string, options?: CsvOptions): number[][] => rows(text, options)[0];

test('a first line that counts its columns is a header, as pandas writes it', () => {
  const body = '0.5,2,1\n1.5,3,0\n';
  assert.deepEqual(rows(`0,1,label\n${body}`), [
    [
      [0.5, 2],
      [1.5, 3],
    ],
    [1, 0],
  ]);
  assert.equal(samplesOf(`0,1,2\n${body}`).length, 2, 'counted, above fractions');
  assert.deepEqual(rows('0,1,2,kind\n5,6,7,a\n8,9,1,b\n')[1], ['a', 'b'], 'a name no class has');
  assert.deepEqual(rows('0,1,2,b\n5,6,7,a\n8,9,1,b\n')[1], ['b', 'a', 'b'], 'a class seen again');
  refuses(/may be a header or a sample.*--header/, () => rows('0,1,2\n5,6,1\n7,8,0\n'));
  assert.equal(samplesOf('0,1,2\n5,6,1\n7,8,0\n', { header: true, label: '3' }).length, 2);
  assert.equal(samplesOf('0,1,2\n5,6,1\n7,8,0\n', { header: false, label: '3' }).length, 3);
});

test('the label is the column named so, or the one that can only be it, or it is asked for', () => {
  assert.deepEqual(rows('class,a\n1,0.5\n0,0.25\n')[1], [1, 0]);
  assert.deepEqual(rows('1,0.5\n0,0.25\n')[1], [1, 0], 'the first, the last has fractions');
  assert.deepEqual(rows('0.5,1\n0.25,0\n')[1], [1, 0]);
  assert.deepEqual(rows('5,0,0\n3,7,0\n')[1], [5, 3], 'the last is always 0, as in MNIST as CSV');
  refuses(/label may be in column 1 or 3/, () => rows('5,0,1\n3,7,0\n'));
  assert.deepEqual(rows('5,0,1\n3,7,0\n', { label: '1' })[1], [5, 3]);
  refuses(/class and target may each be the label/, () => rows('class,a,target\n1,2,3\n'));
  assert.deepEqual(rows('class,a,target\n1,2,3\n', { label: 'target' }), [[[1, 2]], [3]]);
  refuses(/no column nope/, () => rows('a,b\n1,2\n', { label: 'nope' }));
  assert.equal(rows('a,b\n0.5,2\n', { size: 2 })[1], undefined, 'the model takes every column');
});

test('columns of one-hot rows are labels with the names of their columns', () => {
  const { x, y, columns } = parseCsv('a,label_cat,label_dog\n0.5,0,1\n2,1,0\n', 't');
  const data = datasetOf(x, y, 't', columns);
  assert.deepEqual([data.kind, data.classNames], ['one-hot rows', ['cat', 'dog']]);
  assert.deepEqual([...data.labels!], [1, 0]);
});

test('a column that counts the rows is left out and named; another without a name is refused', () => {
  const table = parseCsv(',a,label\n0,0.5,1\n1,0.25,0\n', 't');
  assert.deepEqual([...table.x.data], [0.5, 0.25]);
  assert.deepEqual(table.source.unused, ['column 1, which counts the rows']);
  refuses(/first column has no name/, () => parseCsv(',a,label\n0.5,1,1\n0.25,0,0\n', 't'));
  assert.deepEqual(samplesOf('0,0.5,1\n1,0.25,0\n2,0.5,1\n', { size: 1 }), [[0.5], [0.25], [0.5]]);
});

test('comments, quotes, semicolons, decimal commas, tabs and spaces are read', () => {
  const wanted = [[1.5, 2]];
  for (const text of [
    '# by a tool\na,b,label\n1.5,2,1\n',
    '"a","b","label"\n"1.5","2","1"\n',
    'a;b;label\n1,5;2;1\n',
    'a\tb\tlabel\n1,5\t2\t1\n',
    '# a b label\n1.5 2 1\n',
    ' 1.5e+00   2.0  1 \r\n',
    '#,a,b,label\n0,1.5,2,1\n',
  ])
    assert.deepEqual(samplesOf(text), wanted, JSON.stringify(text));
  assert.match(parseCsv('a;b;label\n1,5;2;1\n', 't').source.samples, /decimal commas/);
  assert.deepEqual(parseCsv('#x\na,b\n1,2\n', 't').source.unused, ['1 line of comments']);
});

test('UTF-16 with its mark is text, and what is neither UTF-8 nor UTF-16 is said', () => {
  const wide = (text: string, little: boolean): Uint8Array => {
    const out = new DataView(new ArrayBuffer(2 * text.length + 2));
    for (const [i, c] of [...`\ufeff${text}`].entries())
      out.setUint16(2 * i, c.charCodeAt(0), little);
    return new Uint8Array(out.buffer);
  };
  for (const little of [true, false]) {
    const file = wide('a,lábel\n', little);
    assert.ok(isText(file));
    assert.equal(decodedText(file, 't'), 'a,lábel\n');
  }
  refuses(/neither UTF-8 nor UTF-16/, () => decodedText(Uint8Array.of(0x61, 0xe9, 0x62), 't'));
});

test('any table of numbers comes back as it was written, whatever separates its fields', () => {
  const number = fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((v) => Math.fround(v) + 0.5);
  fc.assert(
    fc.property(
      fc.constantFrom(',', ';', '\t', ' '),
      fc.array(fc.tuple(number, number, number, fc.nat(9)), { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      (separator, table, commas) => {
        const decimal = (v: number): string =>
          commas && separator !== ',' ? String(v).replace('.', ',') : String(v);
        const lines = [['a', 'b', 'c', 'label'], ...table.map((row) => row.map(decimal))];
        const text = lines.map((row) => row.join(separator)).join('\n');
        const [samples, labels] = rows(text);
        assert.deepEqual(
          samples,
          table.map((row) => row.slice(0, 3).map(Math.fround)),
        );
        assert.deepEqual(
          labels,
          table.map((row) => row[3]),
        );
      },
    ),
    { numRuns: 200, seed: 5 },
  );
});

test('arrays are paired by their names, whatever their order, and by the part that suits', () => {
  const choose = (
    names: string[],
    prefer: ('train' | 'validation' | 'test')[] = [],
    inputs: string[] = [],
  ) => chooseArrays(names, inputs, prefer, 'd.npz');
  const keras = ['x_test', 'x_train', 'y_train', 'y_test'];
  assert.deepEqual(choose(keras, ['test']), { samples: 'x_test', labels: 'y_test', split: 'test' });
  assert.deepEqual(choose(keras, ['train']), {
    samples: 'x_train',
    labels: 'y_train',
    split: 'train',
  });
  assert.deepEqual(choose(['labels', 'images']), {
    samples: 'images',
    labels: 'labels',
    split: null,
  });
  assert.deepEqual(choose(['trainX', 'trainY', 'valX'], ['validation']), {
    ...{ samples: 'valX', labels: undefined, split: 'validation' },
  });
  assert.deepEqual(choose(['pixel_values', 'y'], [], ['pixel_values'])?.samples, 'pixel_values');
  assert.equal(choose(['arr_0', 'constructor']), undefined);
  refuses(/x and images may each be the samples/, () => choose(['x', 'images', 'y']));
  refuses(/only samples of the split test/, () => choose(['x_test', 'y_test'], ['train']));
  refuses(/no samples of the split test/, () => chooseArrays(['x', 'y'], [], [], 'd.npz', 'test'));
});

test('arrays that are not asked for are not unpacked', () => {
  const file = zipSync({ 'x.npy': bytes('no array at all'), 'y.npy': bytes('neither') });
  const npz = openNpz(file, 'd.npz');
  assert.deepEqual(npz.names, ['x', 'y']);
  refuses(/d\.npz, x\.npy: not a \.npy/, () => npz.array('x'));
});

test('labels are numbers, names, one-hot rows, probabilities or values, and which is told', () => {
  const numbers = (values: number[], shape: number[]) =>
    labelsOf({ data: Float64Array.from(values), shape }, 'd');
  assert.equal(numbers([1, 0], [2]).kind, 'class numbers');
  assert.equal(numbers([1, 0], [2, 1]).kind, 'class numbers');
  const oneHot = numbers([0, 1, 0, 0], [1, 4]);
  assert.deepEqual([oneHot.kind, oneHot.classes, [...oneHot.labels!]], ['one-hot rows', 4, [1]]);
  const likely = numbers([0.2, 0.7, 0.1], [1, 3]);
  assert.deepEqual([likely.kind, [...likely.labels!]], ['rows of probabilities', [1]]);
  assert.equal(likely.targets!.length, 3);
  assert.equal(numbers([0.2, 0.7, 0.3], [1, 3]).kind, 'values');
  assert.equal(numbers([0.5, 1], [2, 1]).kind, 'values');
  const names = labelsOf({ text: ['dog', 'cat', 'dog'], shape: [3] }, 'd');
  assert.deepEqual(
    [names.kind, names.classNames, [...names.labels!]],
    [...['class names', ['cat', 'dog']], [1, 0, 1]],
  );
  assert.deepEqual([...labelsOf({ text: ['10', '2'], shape: [2] }, 'd').labels!], [10, 2]);
  refuses(/label of sample 1 is empty/, () => labelsOf({ text: ['a', ' '], shape: [2] }, 'd'));
});

test('text arrays of NumPy are read, Python objects are not', () => {
  const npy = (descr: string, body: Uint8Array): Uint8Array => {
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (2,), }`;
    const head = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0];
    return new Uint8Array([...head, ...bytes(header), ...body]);
  };
  const points = Uint8Array.from(new Uint8Array(Uint32Array.of(0x1f600, 0, 97, 98).buffer));
  assert.deepEqual(parseNpyOrText(npy('<U2', points), 'y'), { text: ['😀', 'ab'], shape: [2] });
  assert.deepEqual(parseNpyOrText(npy('|S3', bytes('a\0\0bcd')), 'y'), {
    ...{ text: ['a', 'bcd'], shape: [2] },
  });
  refuses(/characters that do not exist/, () =>
    parseNpyOrText(npy('<U1', new Uint8Array(8).fill(0xff)), 'y'),
  );
  refuses(/pickled.*y\.astype\(str\)/, () => parseNpyOrText(npy('|O', new Uint8Array(8)), 'y'));
});

test('a text file of labels has one a line', () => {
  assert.deepEqual(labelLines('label\r\ncat\r\n"dog"\r\n', 'l').text, ['cat', 'dog']);
  refuses(/one a line/, () => labelLines('a.png,cat\n', 'l'));
});

test('what was taken is one line', () => {
  const data = datasetOf(
    { data: new Float32Array(4), shape: [2, 2] },
    { text: ['b', 'a'], shape: [2] },
    'd',
  );
  const taken = takenOf(data, { samples: 'array x', labels: 'array y', unused: ['array z'] });
  assert.equal(
    takenText(taken),
    '2 samples of 2 from array x; labels from array y (class names: 0 a, 1 b); not used: array z',
  );
});
