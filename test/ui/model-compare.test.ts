/** Two models side by side in the inspector: from explorer, palette and page; layer by layer; after a reload. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import { violationsOf } from './support/axe.ts';
import { compressed, openInspector, picture } from './support/inspector.ts';
import { inSession, type Session } from './support/suite.ts';
import { eventually } from './support/wait.ts';
import { cls } from './support/workspace.ts';

const changes = 'table.changes .rows tr';
const files = { 'cls.onnx': cls };

const compared = (page: Frame): Promise<void> =>
  eventually('all layers are compared', async () =>
    /%/.test(await page.locator('.whole .figure .value').nth(6).innerText()),
  );

async function relativeOf(page: Frame): Promise<number[]> {
  const cells = await page.locator(`${changes} .c-relative`).allInnerTexts();
  return cells.map((c) => parseFloat(c));
}

/** Selects both files in the explorer and compares them. */
async function compareBoth({ bench }: Session): Promise<Frame> {
  await bench.contextMenu(['cls.onnx', 'cls.dcz'], 'Compare Models');
  return bench.webview(changes);
}

test(
  'two files of the explorer are compared, what changed the most first, down to the single layer',
  inSession(async (own) => {
    await compressed(own);
    const page = await compareBoth(own);
    const { keyboard } = own.bench.page;
    assert.match(await page.locator('#compare-heading').innerText(), /cls\.dcz against cls\.onnx/);
    await compared(page);
    const relative = await relativeOf(page);
    assert.ok(relative.length > 5 && relative[0]! > 0);
    assert.deepEqual(
      relative,
      [...relative].sort((a, b) => b - a),
    );
    await picture(own, 'compare');
    assert.deepEqual(await violationsOf(page), []);
    const open = page.locator(`${changes} .open`).first();
    const name = await open.innerText();
    await open.focus();
    await keyboard.press('Enter');
    await page.locator('#difference-heading').waitFor();
    assert.equal(await page.locator('h2.layer-title').innerText(), name);
    await eventually('the difference is told', async () =>
      /weights changed/.test(await page.locator('.panel .sentence').first().innerText()),
    );
    await eventually('all tiles are drawn', async () => {
      const stage = page.locator('.stage');
      return (await stage.getAttribute('data-missing')) === '0';
    });
    await picture(own, 'difference');
    assert.deepEqual(await violationsOf(page), []);
    const scale = async (): Promise<number> =>
      Number(/≥ ([\d.]+)/.exec(await page.locator('.heat-key').innerText())?.[1]);
    const ofChanges = await scale();
    await page.locator('#seen').selectOption('other');
    await page.locator('#heat-heading', { hasText: 'Heatmap' }).waitFor();
    // its weights are larger than what changed in them
    await eventually('the scale is that of the weights', async () => {
      const ofWeights = await scale();
      return ofWeights > 2 * ofChanges && ofWeights < 1;
    });
    await page.locator('#tab-codebook').click();
    await page.locator('.chart .error-bar').first().waitFor({ state: 'attached' });
    assert.match(await page.locator('#codebook').innerText(), /error against the original/);
    await page.locator('#tab-weights').click();
    await page.locator('#histogram .bars-1').nth(1).waitFor({ state: 'attached' });
    await page.locator('#histogram select').selectOption('log');
    await eventually('both are drawn over magnitudes', async () =>
      /e-|0\.00/.test(await page.locator('#histogram .sentence').innerText()),
    );
    await picture(own, 'overlaid');
    assert.deepEqual(await violationsOf(page), []);
    assert.deepEqual(own.bench.violations, []);
  }, files),
);

test(
  'the original is offered, the comparison outlives a reload, and can be ended',
  inSession(async (own) => {
    await compressed(own);
    let page = await openInspector(own, 'cls.dcz');
    await page.locator('#tab-compare').click();
    const offer = page.getByRole('button', { name: 'Compare with cls.onnx' });
    await offer.waitFor();
    assert.deepEqual(await violationsOf(page), []);
    await offer.click();
    await page.locator(changes).first().waitFor();
    await compared(page);
    await page.waitForTimeout(300);
    await own.bench.reload();
    page = await own.bench.webview(changes);
    await compared(page);
    await page.getByRole('button', { name: 'Stop Comparing' }).click();
    await page.locator(changes).first().waitFor({ state: 'detached' });
    await own.bench.closeEditors();
    // two models of one kind, chosen one after the other
    await own.bench.command('Deep Compression: Compare Models…');
    await own.bench.pick('cls.onnx');
    await own.bench.quickRow('Looks like it belongs to it').first().click();
    page = await own.bench.webview(changes);
    assert.match(await page.locator('#compare-heading').innerText(), /cls\.dcz against cls\.onnx/);
    assert.deepEqual(own.bench.violations, []);
  }, files),
);
