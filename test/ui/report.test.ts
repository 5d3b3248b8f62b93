/** The report page in its editor: keyboard, policy, accessibility, themes, reload. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import { violationsOf } from './support/axe.ts';
import { inSession, type Session } from './support/suite.ts';
import { eventually } from './support/wait.ts';

const rows = 'table.layers tbody tr';

async function openReport({ bench }: Session, preset = 'deep-compression'): Promise<Frame> {
  await bench.contextMenu(['cls.onnx'], 'Compress Model');
  await bench.pick(preset);
  await bench.answer(/cls\.onnx.*decodes exactly/, 'Show Report');
  return bench.webview(rows);
}

test(
  'the layer table sorts by keyboard and says so',
  inSession(async (own) => {
    const page = await openReport(own);
    const names = async (): Promise<string[]> =>
      (await page.locator(`${rows} .layer-name`).allInnerTexts()).map((s) => s.trim());
    const inModel = await names();
    const heading = page.locator('thead th', { hasText: 'Weights' }).first();
    await heading.locator('button').focus();
    await own.bench.page.keyboard.press('Enter');
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    const weights = await page
      .locator(`${rows} td:nth-child(2)`)
      .evaluateAll((cells) =>
        cells.map((c) => Number((c.getAttribute('title') ?? '').replace(/\D/g, ''))),
      );
    assert.ok(weights.length > 20 && weights.every((w) => w > 0));
    assert.deepEqual(
      weights,
      [...weights].sort((a, b) => a - b),
    );
    await own.bench.page.keyboard.press('Space');
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    assert.match(await page.locator('section p[role="status"]').innerText(), /descending/);
    await own.bench.page.keyboard.press('Enter');
    assert.deepEqual(await names(), inModel, "the third time gives the model's order");
    await page.locator('vscode-textfield.filter input').fill('no such layer');
    await eventually('nothing matches', async () => (await page.locator(rows).count()) === 0);
    await page.locator('vscode-textfield.filter input').fill('');
    await page.locator(`${rows} .link`).nth(2).click();
    const inspector = await own.bench.webview('.stage');
    assert.equal(await inspector.locator('h2.layer-title').innerText(), inModel[2]);
    await own.bench.command('Use This Model');
    await own.bench.pick('cls.dcz');
    await own.bench.pick('onnxruntime-web');
    await own.bench.page.locator('.view-lines', { hasText: 'createSession("cls.dcz")' }).waitFor();
  }),
);

test(
  'the page breaks no content security policy, and it would be seen if it did',
  inSession(async (own) => {
    const page = await openReport(own);
    await page.locator('vscode-checkbox').first().click();
    await page.locator('vscode-button').last().hover();
    assert.deepEqual(own.bench.violations, []);
    const inline = await page.evaluate(() => {
      const style = document.createElement('style');
      style.textContent = 'body { outline: 1px solid }';
      document.head.append(style);
      return getComputedStyle(document.body).outlineStyle;
    });
    assert.equal(inline, 'none', 'inline styles are refused');
    await eventually('the breach is noticed', () => own.bench.violations.length > 0);
  }),
);

test(
  'axe finds nothing wrong with the page, in light, dark and high contrast',
  inSession(async (own) => {
    const page = await openReport(own);
    assert.deepEqual(await violationsOf(page), []);
    for (const [theme, kind] of [
      ['Dark 2026', 'vscode-dark'],
      ['Default High Contrast', 'vscode-high-contrast'],
    ] as const) {
      await own.bench.setTheme(theme);
      await eventually(`the page is ${kind}`, () =>
        page.evaluate((k) => document.body.dataset['vscodeThemeKind'] === k, kind),
      );
      assert.deepEqual(await violationsOf(page), [], theme);
    }
  }),
);

test(
  'the report comes back after the window is reloaded',
  inSession(async (own) => {
    await openReport(own);
    await own.bench.reload();
    await own.bench.editorTab('cls.dcz').waitFor();
    const page = await own.bench.webview(rows);
    assert.ok((await page.locator(rows).count()) > 20);
    assert.deepEqual(own.bench.violations, []);
  }),
);
