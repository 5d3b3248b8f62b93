/** What axe finds wrong with a page or a frame, one line a rule. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import type { Frame, Page } from 'playwright-core';

export async function violationsOf(page: Frame | Page): Promise<string[]> {
  if (await page.evaluate(() => !('axe' in globalThis)))
    await page.evaluate(readFileSync('node_modules/axe-core/axe.min.js', 'utf8'));
  const results = await page.evaluate<AxeResults>('axe.run(document)');
  assert.ok(results.passes.length > 10, 'axe looked at the page');
  return results.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary?.slice(0, 160)}`).join(' | ')}`,
  );
}
