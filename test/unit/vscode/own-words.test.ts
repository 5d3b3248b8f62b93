/** Refusals in VS Code name its own settings, not options of the command line. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCsv } from '../../../src/train/dataset/csv.ts';
import { inOwnWays } from '../../../src/vscode/own-words.ts';

function saidBy(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return inOwnWays((error as Error).message);
  }
  return assert.fail('nothing was refused');
}

test('what is in doubt is answered by the setting of the samples', () => {
  const doubts: readonly (readonly [() => unknown, RegExp])[] = [
    [() => parseCsv('1,2,0\n3,4,1\n', 't.csv', {}), /column 1 or 3/],
    [() => parseCsv('a,label,class\n1,0,1\n2,1,0\n', 't.csv', {}), /label and class/],
  ];
  for (const [run, about] of doubts) {
    const said = saidBy(run);
    assert.match(said, about);
    assert.match(said, /"label" in the setting deepCompression\.dataset/);
    assert.doesNotMatch(said, /--/);
  }
});

test('a checkpoint of another run is left by the answer that VS Code asks for', () => {
  const line =
    'm.checkpoint is not a checkpoint of this run (it is damaged): start afresh (--fresh), or delete it';
  assert.match(inOwnWays(line), /: delete it, or answer Begin Anew$/);
});
