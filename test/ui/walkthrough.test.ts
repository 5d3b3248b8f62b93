/** A newcomer's first minutes: the walkthrough from the sample model to a simulated accelerator. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { violationsOf } from './support/axe.ts';
import { rows } from './support/inspector.ts';
import { inSession } from './support/suite.ts';
import { eventually } from './support/wait.ts';

const sample = 'lenet-300-100.onnx';
const verified = /lenet-300-100\.onnx.*smaller.*decodes exactly/;
/** The samples' folder begins with the preset's name. */
const preset = 'one shot';

test(
  'the walkthrough leads from the sample model to a simulated accelerator',
  inSession(async ({ bench, path }) => {
    const { page } = bench;
    // a file of the user's that has a sample's name
    mkdirSync(path('deep-compression-samples'));
    writeFileSync(path('deep-compression-samples/mnist-test-digits.npz'), 'mine');
    const complaints: string[] = [];
    page.on('console', (m) => {
      if (/completionEvent/i.test(m.text())) complaints.push(m.text());
    });
    await bench.command('Welcome: Open Walkthrough');
    await bench.pick('Get Started with Deep Compression');
    const steps = page.locator('.getting-started-step');
    await eventually('five steps', async () => (await steps.count()) === 5);
    const step = async (title: string, button: string): Promise<void> => {
      const own = steps.filter({ hasText: title });
      const pressed = own.locator('.monaco-button', { hasText: button });
      await page.waitForTimeout(1000); // a page that has just been shown takes the focus
      if (!(await pressed.isVisible())) {
        await own.click();
        await page.waitForTimeout(1000); // so does a step
      }
      await pressed.click();
    };

    await step('Open the sample model', 'Open Sample Model');
    await bench.editorTab(sample).waitFor();
    await bench.webview(rows); // what has loaded takes the focus
    assert.equal(
      readFileSync(path('deep-compression-samples/mnist-test-digits.npz'), 'utf8'),
      'mine',
      'what is there is left as it is',
    );
    await step('Look into it', 'Open in Model Inspector');
    await bench.pick(sample);
    const inspector = await bench.webview(rows);
    await inspector.getByText('267K').first().waitFor();

    await step('Compress it', 'Compress Model');
    await bench.pick(sample);
    await bench.pick(preset);
    await bench.notification(verified).waitFor();
    await step('Read the report', 'Show Report');
    await bench.pick('lenet-300-100.dcz');
    await bench.webview('table.layers tbody tr');
    await step('Run it on a simulated accelerator', 'EIE: Simulate');
    await bench.pick('lenet-300-100.dcz');
    await bench.pick('Random input');
    const eie = await bench.webview('#eie table tbody tr');
    await eie
      .getByText(/cycles/)
      .first()
      .waitFor();

    await eventually(
      'every step is done',
      async () => (await page.locator('.getting-started-step .codicon.complete').count()) === 5,
    );
    assert.deepEqual(complaints, []);
    assert.deepEqual(bench.violations, []);
  }, {}),
);

test(
  'a window without a folder opens the sample, compresses it and simulates what came of it',
  inSession(
    async ({ bench, folder }) => {
      const { page } = bench;
      await bench.showInspector();
      await page.locator('.sidebar').getByRole('button', { name: 'Open Sample Model' }).click();
      const name = bench.quickInput.locator('input').first();
      await name.fill(`${folder}/`);
      await page.waitForTimeout(500); // the dialog reads the folder
      await bench.quickInput.getByRole('button', { name: 'Put Samples Here' }).click();
      await bench.editorTab(sample).waitFor();
      assert.deepEqual(await violationsOf(await bench.webview(rows)), []);
      await page.locator('.statusbar-item', { hasText: '267K · 1.07 MB' }).click();
      // it is shown when it has the focus, which would close a palette that was opened before
      await page.locator('.sidebar .monaco-list-row.focused', { hasText: sample }).waitFor();
      await bench.command('Deep Compression: Compress Model');
      await bench.pick(sample);
      await bench.pick(preset);
      await bench.answer(verified, 'Show Report');
      await bench.webview('table.layers tbody tr');
      await bench.command('Deep Compression: EIE: Simulate Compressed Model');
      await bench.pick('lenet-300-100.dcz');
      const eie = await bench.webview('#eie table tbody tr');
      await eie
        .getByText(/cycles/i)
        .first()
        .waitFor();
      assert.deepEqual(bench.violations, []);
    },
    {},
    { closed: true },
  ),
);
