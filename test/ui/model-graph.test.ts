/** The drawing of the data flow in the inspector: walked by keyboard, coloured, opened, accessible. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { violationsOf } from './support/axe.ts';
import { openInspector, picture } from './support/inspector.ts';
import { inSession } from './support/suite.ts';
import { eventually } from './support/wait.ts';
import { det } from './support/workspace.ts';

test(
  'the data flow is walked by keyboard to a layer, and axe finds nothing wrong with it',
  inSession(
    async (own) => {
      let page = await openInspector(own, 'det.onnx');
      const { keyboard } = own.bench.page;
      await page.locator('#tab-overview').focus();
      await keyboard.press('ArrowRight');
      await page.locator('.flow-node').first().waitFor();
      assert.equal(await page.locator('[data-node]').count(), 88);
      const current = page.locator('[data-node][tabindex="0"]');
      assert.equal(await current.count(), 1, 'one tab stop');
      await current.focus();
      const name = (): Promise<string> => page.locator('.flow-card h3').innerText();
      const first = await name();
      await keyboard.press('ArrowDown');
      const second = await name();
      assert.notEqual(second, first);
      assert.ok(
        (
          await page.evaluate(() => document.activeElement?.querySelector('title')?.textContent)
        )?.startsWith(second),
        'the focus is where the card says',
      );
      await keyboard.press('ArrowUp');
      assert.equal(await name(), first);
      await keyboard.press('End');
      assert.match(await page.locator('.flow-card').innerText(), /Output/);
      await page.locator('.flow-neighbours button').first().click();
      await eventually('the focus went to what leads here', () =>
        page.evaluate(() => document.activeElement?.classList.contains('flow-node') ?? false),
      );
      await keyboard.press('Home');
      await keyboard.press('ArrowDown');
      await page.locator('#flow-metric').selectOption('bits');
      await eventually('figures are of the chosen metric', async () =>
        /Bits a weight: \d/.test(
          (await page.locator('.flow-node[role=button] title').first().textContent()) ?? '',
        ),
      );
      await picture(own, 'graph');
      assert.deepEqual(await violationsOf(page), []);
      await page.locator('[data-node][tabindex="0"]').focus();
      const layer = await name();
      await keyboard.press('Enter');
      await page.locator('.stage').waitFor();
      assert.equal(await page.locator('h2.layer-title').innerText(), layer);
      await page.locator('.item.first').click();
      await page.locator('.flow-node').first().waitFor();
      assert.equal(await page.locator('#flow-metric').inputValue(), 'bits');
      await page.locator('#tab-overview').click();
      assert.equal(await page.locator('#metric').inputValue(), 'bits', 'one metric for both');
      // a page that was hidden is made anew
      await page.locator('#tab-graph').click();
      await page.locator('[data-node][tabindex="0"]').focus();
      await keyboard.press('End');
      const last = await name();
      await own.bench.command('File: New Untitled Text File');
      await own.bench.editorTab('Untitled').waitFor();
      await eventually('the page is gone', () => page.isDetached());
      await own.bench.editorTab('det.onnx').click();
      page = await own.bench.webview('.flow-node.current');
      assert.equal(await name(), last, 'the node at hand');
      const { y, height } = (await page.locator('.flow-node.current').boundingBox())!;
      const box = (await page.locator('.flow-stage').boundingBox())!;
      assert.ok(y >= box.y && y + height <= box.y + box.height, 'is on the screen');
      assert.deepEqual(own.bench.violations, []);
    },
    { 'det.onnx': det },
  ),
);
