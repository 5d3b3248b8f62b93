/** The demonstration of `npm run demo`: a drawn digit is read from a .dcz, beside the .onnx. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startDemo, type Demo } from '../../scripts/lib/demo.mjs';
import { violationsOf } from './support/axe.ts';
import { sharedBrowser } from './support/suite.ts';

let demo: Demo;
let page: Page;

before(async () => {
  demo = await startDemo();
  page = await (await (await sharedBrowser()).newContext()).newPage();
});
after(() => demo.close());

test('a digit that is drawn is read by the model from its .dcz, and alike by the .onnx', async () => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(demo.address);
  const answer = page.locator('#answer');
  const row = (name: string) => page.locator(`#costs tr[data-model="${name}"] td`);
  await row('lenet-5.dcz').first().waitFor();
  assert.equal(await answer.innerText(), '…', 'nothing is drawn yet');

  const paper = (await page.locator('#paper').boundingBox())!;
  const at = (x: number, y: number): [number, number] => [paper.x + x, paper.y + y];
  await page.mouse.move(...at(140, 40));
  await page.mouse.down();
  await page.mouse.move(...at(140, 240), { steps: 8 });
  await page.mouse.up();
  await page.locator('#answer', { hasText: '1' }).waitFor();

  await page.locator('#sample').click();
  await page.locator('#answer', { hasText: '7' }).waitFor();
  const chances = await page.locator('#chances li').allInnerTexts();
  await page.locator('#plain').click();
  await row('lenet-5.onnx').first().waitFor();
  assert.equal(await answer.innerText(), '7');
  assert.deepEqual(await page.locator('#chances li').allInnerTexts(), chances);

  const costs = async (name: string) => (await row(name).allInnerTexts()).slice(1);
  const [small, milliseconds, memory] = await costs('lenet-5.dcz');
  assert.equal(small, '8.2 kB');
  assert.match(milliseconds, /^\d+ ms$/);
  assert.match(memory, /^\d+\.\d+ MB$|^not told by this browser$/);
  assert.equal((await costs('lenet-5.onnx'))[0], '1.72 MB');
  assert.deepEqual(await violationsOf(page), []);
  await page.locator('#clear').click();
  await page.locator('#answer', { hasText: '…' }).waitFor();
  assert.deepEqual(errors, []);
});
