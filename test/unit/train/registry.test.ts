import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

test('every rule has a gradient check', () => {
  const folder = join('test', 'unit', 'train');
  const checks = readdirSync(folder)
    .filter((name) => /^(gradients-.*|lower)\.test\.ts$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  const unchecked = differentiableOperators().filter(
    (op) => !checks.includes(`'${op.split('.').at(-1)}'`),
  );
  assert.deepEqual(unchecked, []);
});

test('what networks are commonly made of can be trained', () => {
  const page = readFileSync('docs/training-compiler.md', 'utf8');
  const lowered = /^Lowered: (.*)\.$/m
    .exec(page)![1]!
    .replace(/ \([^)]*\)/g, '')
    .split(', ');
  const known = new Set([...differentiableOperators(), ...lowered]);
  const wanted = [
    ...['Gemm', 'MatMul', 'Conv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'GlobalAveragePool'],
    ...['BatchNormalization', 'LayerNormalization', 'Dropout', 'LSTM', 'GRU'],
    ...['Relu', 'LeakyRelu', 'PRelu', 'Clip', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh'],
    ...['Gelu', 'Erf', 'Softmax', 'LogSoftmax', 'Add', 'Sub', 'Mul', 'Div', 'Pow', 'Sqrt'],
    ...['Concat', 'Split', 'Slice', 'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze'],
    ...['Gather', 'Pad', 'Resize', 'ReduceMean', 'ReduceSum', 'Identity', 'Cast'],
  ];
  assert.deepEqual(
    wanted.filter((op) => !known.has(op)),
    [],
  );
});
