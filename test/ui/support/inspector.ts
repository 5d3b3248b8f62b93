/** What tests of the model inspector do again and again before they begin. */
import type { Frame } from 'playwright-core';
import type { Session } from './suite.ts';

/** Rows of the table of all layers. */
export const rows = 'table.all .rows tr';
const shots = process.env['DC_PICTURES'];

export async function openInspector(
  { bench }: Pick<Session, 'bench'>,
  file = 'cls.onnx',
): Promise<Frame> {
  await bench.contextMenu([file], 'Open in Model Inspector');
  return bench.webview(rows);
}

/** Makes cls.dcz. */
export async function compressed({ bench }: Session, preset = 'deep-compression'): Promise<void> {
  await bench.contextMenu(['cls.onnx'], 'Compress Model');
  await bench.pick(preset);
  await bench.dismiss(/cls\.onnx.*decodes exactly/);
}

/** Keeps a picture of the window where DC_PICTURES says. */
export async function picture({ bench }: Session, name: string): Promise<void> {
  if (shots) await bench.page.screenshot({ path: `${shots}/${name}.png` });
}
