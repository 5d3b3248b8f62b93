/** From a model and labelled digits to a retrained .dcz, as a user goes: chosen, watched, steered. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { violationsOf } from './support/axe.ts';
import { picture } from './support/inspector.ts';
import { inSession, type Session } from './support/suite.ts';
import { eventually } from './support/wait.ts';

const files = {
  'lenet.onnx': resolve('media/samples/lenet-300-100.onnx'),
  'digits.npz': resolve('media/samples/mnist-test-digits.npz'),
};
/** Long enough to be steered, short enough to be waited for. */
const recipe = (epochs: number): object => ({
  prune: { method: 'sparsity', target: 0.8 },
  share: { method: 'kmeans', bits: 5 },
  train: {
    normalisation: { scale: 1 / 256 },
    stages: [
      { kind: 'prune', steps: 2, epochs: 1, rate: 0.0005 },
      { kind: 'train', epochs, rate: 0.0002 },
    ],
  },
});

async function startTraining({ bench }: Session, preset: string): Promise<void> {
  await bench.contextMenu(['lenet.onnx'], 'Compress Model');
  await bench.pick(preset);
}

test(
  'a model is retrained on chosen samples, watched, and its accuracy told before and after',
  inSession(
    async (own) => {
      const { bench, path } = own;
      await startTraining(own, 'short');
      await bench.pick('digits.npz');
      await bench.pick('0 to 1');
      const page = await bench.webview('#training .figures');
      await page.locator('#training-curves svg').waitFor();
      assert.deepEqual(await violationsOf(page), []);
      await page.locator('.phase.done').waitFor();
      assert.match(await page.locator('#training').innerText(), /Accuracy\s+\d\d\.\d\d %/);
      await bench.notification(/lenet\.onnx: .*smaller.*decodes exactly\. Accuracy .*→/).waitFor();
      assert.ok(existsSync(path('lenet.dcz')) && existsSync(path('lenet.training.json')));
      assert.ok(!existsSync(path('lenet.dcz.checkpoint')));
      assert.ok(!existsSync(path('.vscode/settings.json')), 'samples are not written there');
      await page.getByRole('button', { name: 'Show Report' }).click();
      const report = await bench.webview('#report .accuracy');
      assert.match(await report.locator('.accuracy').innerText(), /digits\.npz/);

      // the samples are known now; what is measured lands on the pages
      await bench.contextMenu(['lenet.dcz'], 'Evaluate Accuracy');
      const evaluated = await bench.webview('#report .evaluation');
      assert.match(
        await evaluated.locator('.evaluation').innerText(),
        /1,000 samples[^]*lenet\.onnx\s+9\d\.\d\d %[^]*lenet\.dcz\s+\d\d\.\d\d %/,
      );
      await bench.contextMenu(['lenet.onnx'], 'Which Layers Hurt');
      const measured = await bench.webview('#impact svg');
      assert.match(await measured.locator('#impact').innerText(), /moves the outputs most/);
      assert.deepEqual(await violationsOf(measured), []);
      await picture(own, 'impact');
      await measured
        .getByRole('button', { name: /^Protect / })
        .last()
        .click();
      await bench.dialog.locator('.monaco-button', { hasText: 'Keep Both' }).click();
      await bench.notification(/Answers agree.*lenet\.onnx: .*smaller/).waitFor();
      const recipe = JSON.parse(readFileSync(path('lenet-protected.dcrecipe.json'), 'utf8')) as {
        layers: object;
      };
      assert.equal(Object.keys(recipe.layers).length, 1);
      assert.deepEqual(bench.violations, []);
    },
    files,
    { settings: { 'deepCompression.presets': { short: recipe(2) } } },
  ),
);

test(
  'a training is paused, goes on when its page is closed, keeps its best, or is cancelled without a trace',
  inSession(
    async (own) => {
      const { bench, path } = own;
      await startTraining(own, 'long');
      const first = await bench.webview('#training .figures');
      await first.getByRole('button', { name: 'Pause' }).click();
      await first.locator('.phase.paused').waitFor();
      const at = await first.locator('progress').getAttribute('value');
      await bench.page.waitForTimeout(1000);
      assert.equal(await first.locator('progress').getAttribute('value'), at, 'it waits');
      await first.getByRole('button', { name: 'Resume' }).click();
      await first.locator('.phase.running').waitFor();

      await bench.closeEditors();
      const item = bench.page.locator('.statusbar-item', { hasText: /lenet\.onnx \d+ %/ });
      await item.click();
      const again = await bench.webview('#training-curves svg');
      await again.getByRole('button', { name: 'Stop and Keep Best' }).click();
      await again.locator('.phase.done').waitFor();
      assert.match(await again.locator('.phase').innerText(), /Stopped on request/);
      assert.ok(existsSync(path('lenet.dcz')));
      await bench.dismiss(/lenet\.onnx: .*smaller/);

      const before = readdirSync(own.folder).sort();
      const old = readFileSync(path('lenet.dcz'));
      await startTraining(own, 'long');
      await bench.dialog.getByRole('button', { name: 'Keep Both' }).click();
      await eventually('it runs', async () => existsSync(path('lenet-2.dcz.checkpoint')));
      const page = await bench.webview('#training .phase.running');
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.locator('.phase.cancelled').waitFor();
      await eventually('nothing is left', async () => {
        return JSON.stringify(readdirSync(own.folder).sort()) === JSON.stringify(before);
      });
      assert.ok(readFileSync(path('lenet.dcz')).equals(old));
      assert.deepEqual(bench.violations, []);
    },
    files,
    {
      settings: {
        'deepCompression.presets': { long: recipe(400) },
        'deepCompression.dataset': { samples: 'digits.npz', scale: 1 / 256 },
      },
    },
  ),
);

test(
  'a training that a reload of the window interrupted goes on where it was',
  inSession(
    async (own) => {
      const { bench, path } = own;
      await startTraining(own, 'long');
      await bench.webview('#training-curves svg');
      await eventually('an epoch is kept', () => existsSync(path('lenet.dcz.checkpoint')));
      await bench.reload();
      assert.ok(existsSync(path('lenet.dcz.checkpoint')), 'it is still there');
      await startTraining(own, 'long');
      await bench.dialog.getByRole('button', { name: 'Go On' }).click();
      const page = await bench.webview('#training-curves svg');
      await page.getByRole('button', { name: 'Stop and Keep Best' }).click();
      await page.locator('.phase.done').waitFor();
      assert.ok(existsSync(path('lenet.dcz')) && !existsSync(path('lenet.dcz.checkpoint')));
    },
    files,
    {
      settings: {
        'deepCompression.presets': { long: recipe(400) },
        'deepCompression.dataset': { samples: 'digits.npz', scale: 1 / 256 },
      },
    },
  ),
);
