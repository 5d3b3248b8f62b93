/** Every page of the inspector in every kind of theme, as axe sees it. */
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineClient } from '../../src/engine/client.ts';
import { threadHost } from '../../src/engine/node/job-host.ts';
import { violationsOf } from './support/axe.ts';
import { openInspector, picture } from './support/inspector.ts';
import { built } from './support/lone-page.ts';
import { everyPage, visitPages } from './support/pages.ts';
import { inSession } from './support/suite.ts';
import { eventually } from './support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'deepc-themes-'));
const lenet = join('media', 'samples', 'lenet-300-100.onnx');
const dcz = join(folder, 'lenet-300-100.dcz');
before(async () => {
  const engine = new EngineClient(threadHost(join(built, 'worker.js')));
  await engine.run('compress', {
    ...{ file: { path: lenet }, out: dcz, overwrite: false },
    ...{ recipe: 'deep-compression', seed: 1, threads: 1 },
  });
  await engine.dispose();
});
after(() => rmSync(folder, { recursive: true, force: true }));

test(
  'a compressed layer is seen in every way, and axe finds nothing wrong in any kind of theme',
  inSession(
    async (own) => {
      const page = await openInspector(own, 'lenet-300-100.dcz');
      await page.locator('#tab-compare').click();
      await page.getByRole('button', { name: 'Compare with lenet-300-100.onnx' }).click();
      for (const [theme, kind] of [
        // light is what a fresh window has
        [undefined, 'vscode-light'],
        ['Dark 2026', 'vscode-dark'],
        ['Default High Contrast Light', 'vscode-high-contrast-light'],
        ['Default High Contrast', 'vscode-high-contrast'],
      ] as const) {
        if (theme) await own.bench.setTheme(theme);
        await eventually(`the page is ${kind}`, () =>
          page.evaluate((k) => document.body.dataset['vscodeThemeKind'] === k, kind),
        );
        await visitPages(page, everyPage, async (name) => {
          assert.deepEqual(await violationsOf(page), [], `${name} in ${kind}`);
          await picture(own, `${name}-${kind}`);
        });
      }
      // the last page is the layer on EIE
      const balance = (): Promise<string> => page.locator('.eie .figure .value').nth(1).innerText();
      const at64 = await balance();
      await page.getByLabel('Processing elements').selectOption('1');
      await eventually('one PE waits for none', async () => (await balance()) !== at64);
      await page.getByRole('button', { name: 'Open in the EIE Simulator' }).click();
      await own.bench.editorTab('EIE: lenet-300-100.dcz').waitFor();
      assert.deepEqual(own.bench.violations, []);
    },
    { 'lenet-300-100.onnx': lenet, 'lenet-300-100.dcz': dcz },
  ),
);
