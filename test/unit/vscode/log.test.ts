import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainLog } from '../../../src/vscode/services.ts';

test('no text of a file writes more into the log than text, and none fills it', () => {
  const entries: string[] = [];
  const write = (text: string): void => void entries.push(text);
  const channel = { info: write, warn: write, error: write, show: () => write('shown') };
  const log = plainLog(channel as never);
  log.info('a\u001b]0;title\u0007 \u202e\nof two lines');
  log.warn('b\u0000');
  log.error('x'.repeat(1e6));
  log.show();
  assert.deepEqual(
    entries.map((entry) => (entry.length > 100 ? entry.length : entry)),
    ['a?]0;title? ?\nof two lines', 'b?', 10_000, 'shown'],
  );
});
