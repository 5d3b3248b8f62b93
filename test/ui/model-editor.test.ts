/** The model inspector in its editor: keyboard, pictures, policy, reload. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import type { Frame } from 'playwright-core';
import { openInspector, picture, rows } from './support/inspector.ts';
import { inSession } from './support/suite.ts';
import { eventually } from './support/wait.ts';
import { det } from './support/workspace.ts';

const drawn = (page: Frame): Promise<void> =>
  eventually('all tiles are drawn', async () => {
    const stage = page.locator('.stage');
    return (await stage.getAttribute('data-missing')) === '0';
  });

test(
  'layers are found, sorted and opened by keyboard, and a single weight is read in the heatmap',
  inSession(async (own) => {
    const page = await openInspector(own);
    const { keyboard } = own.bench.page;
    const bytes = page.locator('thead .c-bytes');
    await bytes.locator('button').focus();
    await keyboard.press('Enter');
    assert.equal(await bytes.getAttribute('aria-sort'), 'descending');
    const sizes = await page
      .locator(`${rows} .c-bytes`)
      .evaluateAll((cells) =>
        cells.map((c) =>
          Number((c.getAttribute('title') ?? '').split(' B')[0]?.replace(/\D/g, '')),
        ),
      );
    assert.ok(sizes.length > 5);
    assert.deepEqual(
      sizes,
      [...sizes].sort((a, b) => b - a),
    );
    await page.locator(`${rows} .open`).first().focus();
    await keyboard.press('ArrowDown');
    const name = await page.evaluate(() => document.activeElement?.textContent);
    await keyboard.press('Enter');
    await page.locator('.stage').waitFor();
    assert.equal(await page.locator('h2.layer-title').innerText(), name);
    await drawn(page);
    await page.locator('.stage').focus();
    for (let i = 0; i < 14; i++) await keyboard.press('+');
    await drawn(page);
    assert.equal(await page.locator('.stage').getAttribute('data-level'), '0');
    await keyboard.press('ArrowRight');
    await eventually('the weight is read', async () =>
      /^Row 0, column 1: -?\d/.test(await page.locator('.reading').innerText()),
    );
    const read = (await page.locator('.reading').innerText()).split(': ')[1];
    await page.locator('details.data summary').first().click();
    const cell = page
      .locator('.panel .table-box')
      .first()
      .locator('tbody tr')
      .first()
      .locator('td')
      .nth(1);
    assert.equal(await cell.innerText(), read, 'the table says the same');
    await picture(own, 'weights');
    await keyboard.press('Home');
    assert.deepEqual(own.bench.violations, []);
  }),
);

test(
  'what was looked at comes back after a reload, and a changed file is read again',
  inSession(async (own) => {
    let page = await openInspector(own);
    await page.locator('thead .c-bytes button').click();
    await page.locator(`${rows} .open`).first().click();
    await page.locator('.stage').focus();
    for (const key of ['+', '+', '+', '+', 'ArrowRight', 'ArrowDown', 'Shift+ArrowRight'])
      await own.bench.page.keyboard.press(key);
    await drawn(page);
    await page.locator('.page').evaluate((e) => (e.scrollTop = 300));
    const seen = async () => ({
      layer: await page.locator('h2.layer-title').innerText(),
      tab: await page.locator('[role=tab][aria-selected=true]').innerText(),
      level: await page.locator('.stage').getAttribute('data-level'),
      reading: await page.locator('.reading').innerText(),
      scroll: await page.locator('.page').evaluate((e) => e.scrollTop),
    });
    await eventually('the weight is read', async () =>
      /^Row/.test(await page.locator('.reading').innerText()),
    );
    // without the focus's frame
    const pixels = (): Promise<string> =>
      page.evaluate(async () => {
        (document.activeElement as HTMLElement | null)?.blur();
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        return document.querySelector<HTMLCanvasElement>('.stage canvas')!.toDataURL();
      });
    const left = await seen();
    assert.equal(left.scroll, 300);
    const shown = await pixels();
    await page.waitForTimeout(300);
    await own.bench.reload();
    page = await own.bench.webview('.stage');
    await drawn(page);
    await eventually('the weight is read again', async () =>
      /^Row/.test(await page.locator('.reading').innerText()),
    );
    assert.deepEqual(await seen(), left);
    await eventually('the same part is shown', async () => (await pixels()) === shown);
    const before = await page.locator('.side-line [role=status]').innerText();
    copyFileSync(det, own.path('cls.onnx'));
    await eventually(
      'the new content is shown',
      async () => (await page.locator('.side-line [role=status]').innerText()) !== before,
    );
    assert.deepEqual(own.bench.violations, []);
  }),
);

test(
  'a double click opens a model in it; where another editor is set, one click makes it the default again',
  inSession(
    async (own) => {
      const page = await openInspector(own);
      const button = page.getByRole('button', { name: 'Set as Default Editor' });
      await button.click();
      await button.waitFor({ state: 'hidden' });
      await own.bench.closeEditors();
      await own.bench.showExplorer();
      await own.bench.file('rec.onnx').dblclick();
      await own.bench.webview(rows);
    },
    undefined,
    { settings: { 'workbench.editorAssociations': { '*.onnx': 'default' } } },
  ),
);
