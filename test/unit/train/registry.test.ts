import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { differentiableOperators } from '../../../src/train/gradients/registry.ts';

test('the documentation lists exactly the operators that have a rule', () => {
  const page = readFileSync('docs/training-compiler.md', 'utf8');
  const listed = /^With a rule: (.*)\.$/m
    .exec(page)![1]!
    .replace(/ \([^)]*\)/g, '')
    .split(', ');
  const own = differentiableOperators().filter((op) => !op.includes('.'));
  assert.deepEqual([...listed].sort(), [...own]);
});
