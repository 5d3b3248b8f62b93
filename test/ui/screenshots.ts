/** Pictures of the product at work, for the README and for looking at (scripts/screenshots.mjs). */
import { mkdirSync } from 'node:fs';
import { closeAll, session } from './support/suite.ts';
import { cls, det, rec } from './support/workspace.ts';

const folder = 'docs/images';
const models = {
  'text-detection.onnx': det,
  'text-direction.onnx': cls,
  'text-recognition.onnx': rec,
};
const verified = /text-recognition\.onnx.*verified/;
const rows = 'table.layers tbody tr';

/** Walks from the explorer to the report; `names` chooses what is kept. */
async function tour(scale: number, names: readonly string[]): Promise<void> {
  const { bench, close } = await session(models, { name: 'models', scale });
  const { page } = bench;
  const shoot = async (name: string): Promise<void> => {
    if (!names.includes(name)) return;
    await page.mouse.move(700, 885); // no hover, no tooltip
    await page.waitForTimeout(700);
    await page.screenshot({ path: `${folder}/${name}.png` });
    console.log(`${folder}/${name}.png`);
  };

  await bench.contextMenu(['text-recognition.onnx'], 'Compress Model');
  await bench.quickRow('keep').waitFor();
  await shoot('presets');
  await bench.pick('deep-compression');
  await bench.notification(verified).waitFor();
  await shoot('compressed');
  await bench.answer(verified, 'Show Report');
  const report = await bench.webview(rows);
  await bench.showInspector();
  await bench.widenSideBar(110);
  await bench.treeRow('text-recognition.onnx').click();
  await bench
    .treeRow(/% zero/)
    .first()
    .waitFor();
  await shoot('report-light');
  await report.evaluate(() => {
    document.querySelector('#layers-heading')?.scrollIntoView({ block: 'start' });
  });
  await shoot('layers');
  await report.evaluate(() => scrollTo(0, 0));
  for (const [theme, name] of [
    ['Dark 2026', 'report-dark'],
    ['Default High Contrast', 'report-contrast'],
    ['Default High Contrast Light', 'report-contrast-light'],
  ] as const) {
    if (!names.includes(name)) continue;
    await bench.setTheme(theme);
    await shoot(name);
  }
  await close();
}

/** The simulator: the paper's nine layers, and where the cycles of Alex-7 go. */
async function eieTour(): Promise<void> {
  const { bench, close } = await session(models, { name: 'models', scale: 1 });
  const { page } = bench;
  const shoot = async (name: string): Promise<void> => {
    await page.mouse.move(700, 885);
    await page.waitForTimeout(700);
    await page.screenshot({ path: `${folder}/${name}.png` });
    console.log(`${folder}/${name}.png`);
  };
  await bench.command('EIE: Run Paper Benchmark');
  const panel = await bench.webview('#eie .layers tbody tr');
  await panel.locator('#speedup svg').waitFor();
  await page.keyboard.press('Control+b'); // the whole width for the panel
  await panel.locator('#eie .layers tbody tr').nth(1).click();
  await panel.getByRole('tab', { name: 'Simulation' }).click();
  await panel.evaluate(() => scrollTo(0, 0));
  await shoot('eie-layers');
  await bench.setTheme('Dark 2026');
  await panel.evaluate(() => {
    document.querySelector('[role="tab"]')?.scrollIntoView({ block: 'start' });
  });
  await shoot('eie-dark');
  await close();
}

mkdirSync(folder, { recursive: true });
try {
  await tour(2, ['report-light']);
  await tour(1, [
    'presets',
    'compressed',
    'layers',
    'report-dark',
    'report-contrast',
    'report-contrast-light',
  ]);
  await eieTour();
} finally {
  await closeAll();
}
