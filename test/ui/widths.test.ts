/**
 * The inspector for every person: narrow as WCAG 1.4.10 has it, at twice the size, in forced colours and
 * without motion; each on its own page, which is quick.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { EngineClient } from '../../src/engine/client.ts';
import { threadHost } from '../../src/engine/node/job-host.ts';
import { violationsOf } from './support/axe.ts';
import { rows } from './support/inspector.ts';
import { built, openLoneInspector, type Look, type LoneInspector } from './support/lone-page.ts';
import { alone, visitPages } from './support/pages.ts';
import { sharedBrowser } from './support/suite.ts';

const engine = new EngineClient(threadHost(join(built, 'worker.js')));
const folder = mkdtempSync(join(tmpdir(), 'deepc-widths-'));
const model = join(folder, 'lenet-300-100.dcz');
before(async () => {
  await engine.run('compress', {
    file: { path: join('media', 'samples', 'lenet-300-100.onnx') },
    ...{ out: model, overwrite: false, recipe: 'deep-compression', seed: 1, threads: 1 },
  });
});
after(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Visits every page of the inspector that needs no host. */
async function visit(look: Look, see: (page: Page, name: string) => Promise<void>): Promise<void> {
  const lone: LoneInspector = await openLoneInspector(await sharedBrowser(), engine, model, look);
  const { page } = lone;
  try {
    await page.locator(rows).first().waitFor();
    await visitPages(page, alone, (name) => see(page, name));
    assert.deepEqual(lone.violations, []);
  } finally {
    await lone.close();
  }
}

/**
 * Elements that stand out at the right of the window, or of a box that hides what has no room, and that
 * nothing lets the user scroll to. A text that ends with dots is none: its title tells it whole.
 */
const cutOff = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    /** Where an element has to end; undefined: it can be scrolled to. */
    const end = (e: Element | null): number | undefined => {
      if (e === null || e === document.body) return innerWidth;
      const { overflowX, textOverflow } = getComputedStyle(e);
      if (/auto|scroll/.test(overflowX) || textOverflow === 'ellipsis') return undefined;
      return overflowX === 'visible' || e.clientWidth <= 1
        ? end(e.parentElement)
        : e.getBoundingClientRect().right;
    };
    return [...document.querySelectorAll('body *')]
      .filter((e) => {
        const { right, width } = e.getBoundingClientRect();
        return width > 1 && right > (end(e.parentElement) ?? Infinity) + 1;
      })
      .map((e) => `${e.tagName.toLowerCase()}.${e.getAttribute('class') ?? ''}`);
  });
/** What scrolls sideways although it is a page, not a table, a picture or code. */
const sideways = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    ['html', 'body', '#inspector', '.columns', '.page', '.side'].filter((selector) => {
      const e = document.querySelector(selector);
      return e !== null && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1;
    }),
  );

for (const [what, look] of [
  ['at 320 pixels', { viewport: { width: 320, height: 640 } }],
  ['at twice the size', { viewport: { width: 640, height: 400 }, scale: 2 }],
] as const)
  test(`${what} nothing is cut off and only tables and pictures scroll sideways`, async () => {
    await visit(look, async (page, name) => {
      assert.deepEqual(await cutOff(page), [], name);
      assert.deepEqual(await sideways(page), [], name);
      assert.deepEqual(await violationsOf(page), [], name);
    });
  });

test('in forced colours every control has an edge and every picture its table', async () => {
  await visit({ forcedColors: true }, async (page, name) => {
    assert.deepEqual(await violationsOf(page), [], name);
    const bare = await page
      .locator('button:visible, select:visible, input:not([type=checkbox]):visible')
      .evaluateAll((all) =>
        all
          .filter((e) => {
            const s = getComputedStyle(e);
            const edge = parseFloat(s.borderTopWidth) > 0 || s.outlineStyle !== 'none';
            const text = e.matches('button') && (e.textContent ?? '').trim() !== '';
            return !edge && !text;
          })
          .map((e) => e.outerHTML.slice(0, 80)),
      );
    assert.deepEqual(bare, [], name);
    const alone = await page
      .locator('svg[role=img]:visible, .stage:visible, [role=tree]:visible')
      .evaluateAll((all) =>
        all
          .filter((e) => {
            // the map's are in the table of all layers, which follows
            const own = e.closest('section');
            const told = 'table, details.data';
            return !own?.querySelector(told) && !own?.nextElementSibling?.querySelector(told);
          })
          .map((e) => e.outerHTML.slice(0, 80)),
      );
    assert.deepEqual(alone, [], `${name}: pictures without their figures`);
  });
});

test('without motion nothing moves', async () => {
  await visit({ reducedMotion: true }, async (page, name) => {
    const moving = await page.evaluate(
      () => document.getAnimations().filter((a) => a.playState === 'running').length,
    );
    assert.equal(moving, 0, name);
    const slow = await page.locator('body *').evaluateAll(
      (all) =>
        all.filter((e) => {
          const { transitionDuration, animationName } = getComputedStyle(e);
          return /[1-9]/.test(transitionDuration) || animationName !== 'none';
        }).length,
    );
    assert.equal(slow, 0, name);
  });
});

test('the Tab key reaches every control of a page and comes round', async () => {
  await visit({}, async (page, name) => {
    const { wanted, passed } = await page.evaluate(() => {
      const all = [
        ...document.querySelectorAll<HTMLButtonElement>(
          'button, select, input, a[href], summary, [tabindex]',
        ),
      ].filter(
        (e) =>
          !e.disabled &&
          e.getClientRects().length > 0 &&
          getComputedStyle(e).visibility !== 'hidden',
      );
      // arrow keys go on from the one that has the tab stop
      const roving = '[role=tablist], [role=tree], [role=listbox], table, .flow-stage, .map';
      const beside = (e: Element): boolean =>
        e.closest(roving)?.querySelector('[tabindex="0"]') !== null;
      return {
        wanted: all.filter((e) => e.tabIndex >= 0).length,
        passed: all
          .filter(
            (e) => e.tabIndex < 0 && (e.matches('button, select, input, a, summary') || e.role),
          )
          .filter((e) => !e.closest(roving) || !beside(e))
          .map((e) => e.outerHTML.slice(0, 100)),
      };
    });
    assert.deepEqual(passed, [], `${name}: controls that no key reaches`);
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    const seen = new Set<string>();
    for (let i = 0; i < wanted + 5; i++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const e = document.activeElement;
        if (!e || e === document.body) return '';
        const all = [...document.querySelectorAll('*')];
        return String(all.indexOf(e));
      });
      if (at !== '') seen.add(at);
    }
    assert.ok(seen.size >= wanted, `${name}: ${seen.size} of ${wanted} controls are reached`);
  });
});
