/** The EIE panel in the real workbench: commands, knobs, views, keyboard, policy, accessibility, reload. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { Frame } from 'playwright-core';
import { violationsOf } from './support/axe.ts';
import { inOneWindow, type Session } from './support/suite.ts';
import { eventually, patience } from './support/wait.ts';
import { cls, rec } from './support/workspace.ts';

const rows = '#eie .layers tbody tr';
const inWindow = inOneWindow({ 'direction.onnx': cls, 'recognition.onnx': rec });

async function openBenchmark({ bench }: Session): Promise<Frame> {
  await bench.command('EIE: Run Paper Benchmark');
  const page = await bench.webview(rows);
  await page.locator('#speedup svg').waitFor();
  return page;
}

const firstTime = (page: Frame): Promise<string> =>
  page.locator('.figure .value').first().innerText();
const knob = (page: Frame, name: string) => page.locator(`#slider-${name}`);

test(
  'the paper benchmark stands beside the published figures',
  inWindow(async (own) => {
    const page = await openBenchmark(own);
    assert.equal(await page.locator(rows).count(), 9);
    assert.equal(
      await page.locator('[role="tab"][aria-selected="true"]').innerText(),
      'Comparison',
    );
    assert.match(
      await page.locator('#benchmark .sentence').innerText(),
      /Over 7 layers.*cannot reproduce Alex-8, VGG-6/,
    );
    assert.match(
      await page.locator('#compare-layer .sentence').innerText(),
      /The paper prints 30\.3\sµs/,
    );
    await page.locator('#benchmark details summary').click();
    await page.locator('#benchmark tbody tr').first().waitFor();
    assert.equal(await page.locator('#benchmark tbody tr').count(), 9);
    assert.deepEqual(own.bench.violations, []);
  }),
);

test(
  'a knob simulates again while it is moved by the keyboard, and the paper’s machine comes back',
  inWindow(async (own) => {
    const page = await openBenchmark(own);
    const before = await firstTime(page);
    await knob(page, 'pe').focus();
    const start = Date.now();
    for (let i = 0; i < 4; i++) await own.bench.page.keyboard.press('ArrowRight');
    assert.equal(await knob(page, 'pe').getAttribute('aria-valuetext'), '256 PEs');
    await eventually('the time changes', async () => (await firstTime(page)) !== before);
    console.log(`  measured: ${Date.now() - start} ms from the first key to all nine layers`);
    await eventually('the layer has as many PEs', async () =>
      ((await page.locator('#compare-layer svg').getAttribute('aria-label')) ?? '').includes(
        '256 PEs',
      ),
    );
    await page.getByRole('button', { name: 'Back to the Paper’s Machine' }).click();
    await eventually('all is as before', async () => (await firstTime(page)) === before);
    assert.equal(await knob(page, 'pe').getAttribute('aria-valuetext'), '64 PEs');
  }),
);

test(
  'a layer is chosen by keyboard; its PEs sort by load, and 1024 of them have a table',
  inWindow(async (own) => {
    const page = await openBenchmark(own);
    await page.locator('[role="tab"]', { hasText: 'Comparison' }).focus();
    await own.bench.page.keyboard.press('ArrowLeft');
    await page.locator('#pe-load svg').waitFor();
    await page.locator('.choose', { hasText: 'NT-We' }).focus();
    await own.bench.page.keyboard.press('Enter');
    await eventually('the layer is shown', async () =>
      /NT-We/.test(await page.locator('#layer-heading').innerText()),
    );
    assert.equal(await page.locator('.choose[aria-pressed="true"]').innerText(), 'NT-We');
    await page.locator('input[type="number"]').first().fill('1024');
    await own.bench.page.keyboard.press('Enter');
    await page.locator('#pe-load details summary').click();
    await page.locator('.switch button', { hasText: 'Load' }).click();
    await eventually(
      '1024 rows',
      async () => (await page.locator('#pe-load tbody tr').count()) === 1024,
    );
    const entries = await page
      .locator('#pe-load tbody td:nth-child(2)')
      .evaluateAll((cells) => cells.map((c) => Number((c.textContent ?? '').replace(/,/g, ''))));
    assert.deepEqual(
      entries,
      [...entries].sort((a, b) => b - a),
    );
    assert.match(await page.locator('#pe-load .sentence').innerText(), /^PE \d+ is the slowest/);
    assert.deepEqual(own.bench.violations, []);
  }),
);

test(
  'the design space is swept, drawn and listed',
  inWindow(async (own) => {
    const page = await openBenchmark(own);
    await page.locator('[role="tab"]', { hasText: 'Design Space' }).click();
    await page.locator('#sweep-layer').selectOption({ label: 'Alex-7' });
    await page.locator('.presets button', { hasText: 'Fig. 8' }).click();
    await page.locator('#pareto svg').waitFor();
    assert.match(
      await page.locator('#sweep-balance .sentence').innerText(),
      /Load balance: from \d+\.?\d*\s% at 2 to 9\d\.?\d*\s% at 257/,
    );
    assert.equal(await page.locator('[aria-labelledby="points-heading"] tbody tr').count(), 9);
    await page.locator('.axis input[type="text"]').first().fill('sixteen');
    assert.match(await page.locator('.sweep-form .problem').innerText(), /numbers/);
  }),
);

test(
  'an ONNX model is compressed on the way and simulated, from the explorer’s menu',
  inWindow(async (own) => {
    await own.bench.contextMenu(['direction.onnx'], 'EIE: Simulate Compressed Model');
    const page = await own.bench.webview(rows);
    await page.locator('#pe-load svg').waitFor();
    assert.ok((await page.locator(rows).count()) > 10);
    assert.match(await page.locator('.figure .value').nth(1).innerText(), /%/);
    assert.deepEqual(own.bench.violations, []);
  }),
);

test(
  'pictures, tables and results are saved where the dialog says',
  inWindow(async (own) => {
    const page = await openBenchmark(own);
    const { bench, path } = own;
    const saved = async (press: () => Promise<void>, name: string): Promise<Buffer> => {
      await press();
      await bench.quickInput.locator('input').first().waitFor();
      await eventually('a name is offered', async () =>
        (await bench.quickInput.locator('input').first().inputValue()).endsWith(name),
      );
      await bench.page.keyboard.press('Enter');
      await eventually(
        `${name} is there`,
        () => existsSync(path(name)) && readFileSync(path(name)).length > 0,
      );
      return readFileSync(path(name));
    };
    const button = (format: string) => async (): Promise<void> => {
      await page.locator('#speedup .menu-button').click();
      await page.getByRole('menuitem', { name: `Save as ${format}` }).click();
    };
    const svg = String(await saved(button('SVG'), 'paper-benchmark-speedup.svg'));
    assert.match(svg, /^<\?xml.*<svg /s);
    assert.doesNotMatch(svg, /var\(|class=/);
    const png = await saved(button('PNG'), 'paper-benchmark-speedup.png');
    assert.equal(png.toString('latin1', 1, 4), 'PNG');
    assert.ok(png.readUInt32BE(16) > 600, 'twice the size on screen');
    const csv = String(await saved(button('CSV'), 'paper-benchmark-speedup.csv'));
    assert.match(csv, /EIE, simulated/);
    const rows = String(await saved(button('JSON'), 'paper-benchmark-speedup.json'));
    assert.equal((JSON.parse(rows) as object[]).length, csv.trim().split('\r\n').length - 1);
    const json = await saved(
      () => page.locator('header vscode-button').first().click(),
      'paper-benchmark-eie.json',
    );
    const results = JSON.parse(String(json)) as { layers: { perPe: { entries: number[] } }[] };
    assert.equal(results.layers[8]?.perPe.entries.length, 64);
    assert.deepEqual(bench.violations, []);
  }),
);

test(
  'a simulation says how far it is, can be cancelled in the panel, and started again',
  inWindow(async (own) => {
    await own.bench.contextMenu(['recognition.onnx'], 'EIE: Simulate Compressed Model');
    const page = await own.bench.webview('#eie .message progress');
    await page.locator('vscode-button', { hasText: 'Cancel' }).click();
    await page.locator('vscode-button', { hasText: 'Try Again' }).click();
    await page
      .locator(rows)
      .first()
      .waitFor({ timeout: 3 * patience });
  }),
);

test(
  'axe finds nothing wrong with the panel, in light, dark and high contrast',
  inWindow(async (own) => {
    const page = await openBenchmark(own);
    for (const view of ['Comparison', 'Simulation', 'Design Space']) {
      await page.locator('[role="tab"]', { hasText: view }).click();
      await page.waitForTimeout(300);
      assert.deepEqual(await violationsOf(page), [], view);
    }
    await page.locator('[role="tab"]', { hasText: 'Simulation' }).click();
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
  'the panel comes back after the window is reloaded, with its machine and layer',
  inWindow(async (own) => {
    const page = await openBenchmark(own);
    await page.locator('.choose', { hasText: 'VGG-7' }).click();
    await knob(page, 'fifo').focus();
    await own.bench.page.keyboard.press('End');
    await eventually('it is simulated', async () =>
      /VGG-7/.test(await page.locator('#compare-layer .sentence').innerText()),
    );
    await own.bench.reload();
    const again = await own.bench.webview(rows);
    await eventually(
      'the machine is back',
      async () => (await knob(again, 'fifo').getAttribute('aria-valuetext')) === '256 slots',
    );
    assert.equal(await again.locator('.choose[aria-pressed="true"]').innerText(), 'VGG-7');
    assert.equal(
      await again.locator('[role="tab"][aria-selected="true"]').innerText(),
      'Comparison',
    );
    assert.deepEqual(own.bench.violations, []);
  }),
);
