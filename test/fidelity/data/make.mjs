// Makes the data of a task once, in a folder that keeps it.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lines } from './lines.mjs';
import { pages } from './pages.mjs';
import { speech } from './speech.mjs';
import { registerFonts } from './text.mjs';

const sets = { lines, pages, speech };

/** The folder of a set of data, made where it is not there yet. Half-made folders never look made. */
export function dataOf(set, cache) {
  const folder = join(cache, set);
  if (existsSync(folder)) return folder;
  const making = `${folder}.${process.pid}`;
  mkdirSync(join(making, 'calibration'), { recursive: true });
  try {
    if (set !== 'speech') registerFonts();
    const save = (name, bytes) => writeFileSync(join(making, name), bytes);
    sets[set]({ save, saveJson: (name, value) => save(name, JSON.stringify(value)) });
    renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return folder;
}
