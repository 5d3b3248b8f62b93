/** Every page of the inspector on a compressed model, one after another. */
import type { Frame, Page } from 'playwright-core';

/** Tabs and what shows that they are drawn; `difference` and what follows want a second model, or a host. */
const ofModel = {
  overview: 'table.all .rows tr .c-bytes',
  graph: '.flow-stage svg',
  accuracy: '.measured .actions',
  compare: 'table.changes .rows tr',
} as const;
const ofLayer = {
  weights: '.stage[data-missing="0"]',
  codebook: '.chart .bead',
  huffman: '[role=treeitem]',
  stream: '.chart .card',
  difference: '.facts dd',
  eie: '#eie-load svg',
} as const;
export type PageName = keyof typeof ofModel | keyof typeof ofLayer;

/** The pages that need neither a second model nor a host. */
export const alone: readonly PageName[] = [
  ...(['overview', 'graph'] as const),
  ...(['weights', 'codebook', 'huffman', 'stream'] as const),
];
export const everyPage: readonly PageName[] = [
  ...(['overview', 'graph', 'accuracy', 'compare'] as const),
  ...(['weights', 'codebook', 'huffman', 'stream', 'difference', 'eie'] as const),
];

/** Goes to each page and waits until it is drawn: those of the model, then those of its first layer. */
export async function visitPages(
  page: Frame | Page,
  names: readonly PageName[],
  see: (name: PageName) => Promise<void>,
): Promise<void> {
  const visit = async (marks: Partial<Record<PageName, string>>): Promise<void> => {
    for (const name of names) {
      const mark = marks[name];
      if (mark === undefined) continue;
      await page.locator(`#tab-${name}`).click();
      await page.locator(mark).first().waitFor();
      await see(name);
    }
  };
  await page.locator('.list .item').first().click();
  await visit(ofModel);
  await page.locator('.list .item').nth(1).click();
  await visit(ofLayer);
}
