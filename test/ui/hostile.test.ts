/** Models that try to break the pages, in the real workbench: shown safely, and legibly. */
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { legible } from '../../webview/ui/legible.ts';
import { hostileModel, hostileNames, manyLayers } from '../fixtures/hostile-models.ts';
import { violationsOf } from './support/axe.ts';
import { openInspector, picture, rows } from './support/inspector.ts';
import { inSession } from './support/suite.ts';
import { eventually } from './support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'deepc-hostile-'));
const made = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
after(() => rmSync(folder, { recursive: true, force: true }));

const names = Object.values(hostileNames);
/** Nothing of a name became an element, ran, or left its line. */
async function assertHarmless(page: Frame): Promise<void> {
  assert.equal(await page.locator('main img, main script, main iframe').count(), 0);
  const tall = await page
    .locator('.item, table.all .rows tr, table.layers tbody tr')
    .evaluateAll((all) => all.filter((e) => e.getBoundingClientRect().height > 60).length);
  assert.equal(tall, 0, 'every name keeps to its line');
}

test(
  'hostile names and senseless tensors are shown in the inspector as what they are',
  inSession(
    async (own) => {
      const page = await openInspector(own, 'hostile.onnx');
      await eventually('everything is counted', async () =>
        /prunable/.test((await page.locator('.figure .detail').nth(2).textContent()) ?? ''),
      );
      assert.deepEqual(await violationsOf(page), []);
      await assertHarmless(page);
      await picture(own, 'hostile-overview');
      const list = page.locator('.list-scroll');
      for (const name of names) {
        await page.locator('input[type=search]').fill(name.trim().slice(0, 12));
        const titles = await page
          .locator('.item')
          .evaluateAll((items) => items.map((item) => item.getAttribute('title')));
        assert.ok(titles.includes(legible(name)), name);
        await page
          .locator('.item')
          .nth(titles.indexOf(legible(name)))
          .click();
        const shown = await page.locator('h2.layer-title').innerText();
        if (name.trim() !== '') assert.ok(shown.startsWith(legible(name).slice(0, 5)), shown);
        else assert.match(shown, /^#\d+$/);
        assert.equal(await page.locator('h2.layer-title bdi').count(), 1);
      }
      await picture(own, 'hostile-name');
      await page.locator('input[type=search]').fill('');
      for (const [name, facts] of [
        ['one element', /Parameters\s*1\b.*Smallest\s*0\.5/s],
        ['a scalar', /Smallest\s*-2/s],
        ['NaN and infinities', /NaN\s*37.*Infinite\s*74/s],
        ['nothing but NaN', /Smallest\s*–.*NaN\s*64/s],
        ['all zeros', /Zeros\s*512 \(100 %\)/],
        ['one value', /Zeros\s*0 \(0\.00 %\).*Different values\s*1\b/s],
        ['tiny and huge', /Largest\s*3e\+38/],
      ] as const) {
        await list.evaluate((e) => e.scrollTo(0, e.scrollHeight));
        await page.locator('.item', { hasText: name }).click();
        await page.locator('.stage[data-missing="0"]').waitFor();
        await eventually(`facts of ${name}`, async () =>
          facts.test(await page.locator('.facts').innerText()),
        );
        assert.deepEqual(await violationsOf(page), [], name);
        await picture(own, `hostile-${name.replace(/\W+/g, '-')}`);
      }
      await page.locator('.item', { hasText: 'empty' }).click();
      assert.match(await page.locator('.nothing').innerText(), /empty/);
      assert.deepEqual(own.bench.violations, []);
      assert.doesNotMatch(await own.bench.page.title(), /^1/, 'no script of a name ran');
    },
    { 'hostile.onnx': made('hostile.onnx', hostileModel()) },
  ),
);

test(
  'hostile names are compressed, reported and shown in the report',
  inSession(
    async (own) => {
      await own.bench.contextMenu(['hostile.onnx'], 'Compress Model');
      await own.bench.pick('conservative');
      await own.bench.answer(/hostile\.onnx.*decodes exactly/, 'Show Report');
      const page = await own.bench.webview('table.layers tbody tr');
      const shown = await page
        .locator('table.layers tbody .name')
        .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title')));
      for (const name of names) assert.ok(shown.includes(legible(name)), name);
      await assertHarmless(page);
      assert.deepEqual(await violationsOf(page), []);
      await picture(own, 'hostile-report');
      assert.deepEqual(own.bench.violations, []);
    },
    { 'hostile.onnx': made('again.onnx', hostileModel()) },
  ),
);

test(
  'ten thousand layers are listed, found and opened as forty are',
  inSession(
    async (own) => {
      const page = await openInspector(own, 'many.onnx');
      assert.equal(await page.locator('.side-line [role=status]').innerText(), '10,000');
      assert.ok((await page.locator(rows).count()) < 60, 'only what is on the screen exists');
      assert.ok((await page.locator('.map-box .cell').count()) <= 501, 'and one for all others');
      await page.locator(`${rows} .open`).first().focus();
      await own.bench.page.keyboard.press('End');
      await eventually(
        'the last row has the focus',
        async () =>
          (await page.evaluate(() => document.activeElement?.textContent)) === 'block.9999.weight',
      );
      await page.locator('input[type=search]').fill('block.7777.');
      await page.locator('.item[title="block.7777.weight"]').click();
      await page.locator('.stage[data-missing="0"]').waitFor();
      assert.equal(await page.locator('h2.layer-title').innerText(), 'block.7777.weight');
      await picture(own, 'hostile-many');
      assert.deepEqual(own.bench.violations, []);
    },
    { 'many.onnx': made('many.onnx', manyLayers(10_000)) },
  ),
);
