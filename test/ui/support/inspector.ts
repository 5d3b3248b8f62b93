/** What tests of the model inspector do again and again: open it, and have axe look at it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import type { Frame } from 'playwright-core';
import type { Session } from './suite.ts';

/** Rows of the table of all layers. */
export const rows = 'table.all .rows tr';
const shots = process.env['DC_PICTURES'];

export async function openInspector({ bench }: Session, file = 'cls.onnx'): Promise<Frame> {
  await bench.contextMenu([file], 'Open in Model Inspector');
  return bench.webview(rows);
}

/** Makes cls.dcz. */
export async function compressed({ bench }: Session, preset = 'deep-compression'): Promise<void> {
  await bench.contextMenu(['cls.onnx'], 'Compress Model');
  await bench.pick(preset);
  await bench.dismiss(/cls\.onnx.*verified/);
}

/** Keeps a picture of the window where DC_PICTURES says. */
export async function picture({ bench }: Session, name: string): Promise<void> {
  if (shots) await bench.page.screenshot({ path: `${shots}/${name}.png` });
}

/** What axe finds wrong with the page, one line a rule. */
export async function violationsOf(page: Frame): Promise<string[]> {
  await page.evaluate(readFileSync('node_modules/axe-core/axe.min.js', 'utf8'));
  const results = await page.evaluate<AxeResults>('axe.run(document)');
  assert.ok(results.passes.length > 10, 'axe looked at the page');
  return results.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
  );
}
