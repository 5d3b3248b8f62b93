/** The page that is a file of its own, in a browser without network: policy, accessibility, pictures. */
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { legible } from '../../webview/ui/legible.ts';
import { hostileModel, hostileNames } from '../fixtures/hostile-models.ts';
import { violationsOf } from './support/axe.ts';
import { sharedBrowser } from './support/suite.ts';
import { eventually } from './support/wait.ts';
import { cls } from './support/workspace.ts';

const folder = mkdtempSync(join(tmpdir(), 'deepc-page-'));
const deepc = (...args: string[]): string =>
  execFileSync(process.execPath, ['dist/cli.js', ...args], { encoding: 'utf8', stdio: 'pipe' });
const compressed = join(folder, 'cls.html');
const shared = join(folder, 'shared.html');
const hostile = join(folder, 'hostile.html');

before(() => {
  const dcz = join(folder, 'cls.dcz');
  deepc('compress', cls, '--out', dcz);
  deepc('report', dcz, '--out', compressed);
  const huffman = join(folder, 'shared.dcz');
  deepc('compress', cls, '--preset', 'deep-compression', '--out', huffman);
  deepc('report', huffman, '--out', shared);
  const evil = join(folder, 'hostile.onnx');
  writeFileSync(evil, hostileModel());
  deepc('report', evil, '--out', hostile);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Opened {
  readonly page: Page;
  /** Errors and broken policies. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

async function open(file: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await (
    await sharedBrowser()
  ).newContext({
    ...options,
    offline: true,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (m) => {
    if (m.type() === 'error' || m.type() === 'warning') complaints.push(m.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!/^(file|blob|data):/.test(request.url())) complaints.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  return { page, complaints, close: () => context.close() };
}

/** Opens the layer that stores the most bytes, and each tab of it until its mark is drawn. */
async function throughTabs(page: Page, tabs: readonly (readonly [string, string])[]) {
  await page.locator('thead .c-stored button').click();
  await page.locator('table.all .rows .open').first().click();
  for (const [tab, mark] of tabs) {
    await page.locator(`#tab-${tab}`).click();
    await page.locator(mark).first().waitFor();
    assert.deepEqual(await violationsOf(page), [], tab);
  }
}

test('a compressed model is shown from a file: report, layers, weights, grid, coder, stream', async () => {
  const { page, complaints, close } = await open(compressed);
  await page.locator('#report table.layers tbody tr').first().waitFor();
  assert.deepEqual(await violationsOf(page), [], 'report');
  await page.getByRole('link', { name: 'Layers' }).click();
  await page.locator('.map-box svg .cell').first().waitFor();
  assert.equal(await page.locator('#report').isVisible(), false);
  assert.match(await page.locator('#inspector .figure .detail').nth(2).innerText(), /prunable/);
  assert.deepEqual(await violationsOf(page), [], 'overview');
  await throughTabs(page, [
    ['weights', '.stage[data-missing="0"]'],
    ['codebook', '#levels .chart svg'],
    ['huffman', '.figure-block .chart svg'],
    ['stream', '.chart .card'],
  ]);
  assert.deepEqual(complaints, []);
  await close();
});

test('a model with shared values is shown from a file: codebook and tree', async () => {
  const { page, complaints, close } = await open(shared);
  await page.getByRole('link', { name: 'Layers' }).click();
  await throughTabs(page, [
    ['codebook', '.chart .bead'],
    ['huffman', '[role=treeitem]'],
    ['stream', '.chart .card'],
  ]);
  assert.deepEqual(complaints, []);
  await close();
});

test('it follows the dark scheme of the browser, legibly', async () => {
  const { page, complaints, close } = await open(compressed, { colorScheme: 'dark' });
  await page.locator('#report table.layers tbody tr').first().waitFor();
  assert.deepEqual(await violationsOf(page), [], 'report');
  await page.getByRole('link', { name: 'Layers' }).click();
  await page.locator('table.all .rows .open').first().click();
  await page.locator('.stage[data-missing="0"]').waitFor();
  assert.deepEqual(await violationsOf(page), [], 'weights');
  assert.deepEqual(complaints, []);
  await close();
});

test('the page is one of two, named in its address, and goes by keyboard', async () => {
  const { page, complaints, close } = await open(`${compressed}`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#inspector .overview').waitFor();
  assert.match(page.url(), /#inspector$/);
  await page.reload();
  await page.locator('#inspector .overview').waitFor();
  await page.goBack();
  await page.locator('#report .overview').waitFor();
  assert.equal(await page.title(), 'cls.dcz');
  assert.deepEqual(complaints, []);
  await close();
});

test('pictures and tables are downloaded and copied without a host', async () => {
  const { page, complaints, close } = await open(compressed);
  const choose = async (item: string): Promise<void> => {
    await page.locator('#report .menu-button').first().click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  for (const [item, name, begin] of [
    ['Save as SVG', 'bytes.svg', '<?xml'],
    ['Save as PNG', 'bytes.png', '\x89PNG'],
    ['Save as CSV', 'bytes.csv', 'Part,Bytes,Share\r\n'],
    ['Save as JSON', 'bytes.json', '[\n'],
  ] as const) {
    const [download] = await Promise.all([page.waitForEvent('download'), choose(item)]);
    assert.equal(download.suggestedFilename(), name);
    const path = join(folder, name);
    await download.saveAs(path);
    assert.ok(readFileSync(path, 'latin1').startsWith(begin), item);
  }
  await choose('Copy Table');
  await page.locator('#report .menu-said', { hasText: 'Copied.' }).waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /^Part\tBytes\tShare\n/);
  await choose('Copy Picture');
  await eventually('the picture is on the clipboard', async () =>
    (
      await page.evaluate(async () => (await navigator.clipboard.read()).map((item) => item.types))
    ).some((types) => types.includes('image/png')),
  );
  assert.deepEqual(complaints, []);
  await close();
});

test('hostile names and tensors are shown as what they are', async () => {
  const { page, complaints, close } = await open(hostile);
  const rows = page.locator('table.all .rows tr');
  await rows.first().waitFor();
  const title = await page.title();
  assert.equal(title, 'hostile.onnx');
  const count = Number(await page.locator('.side-line [role=status]').innerText());
  assert.equal(count, Object.keys(hostileNames).length + 10);
  for (const name of [hostileNames.markup, hostileNames.close, hostileNames.rightToLeft])
    assert.equal(
      await page.locator(`table.all [title=${JSON.stringify(legible(name))}]`).count(),
      1,
      name,
    );
  assert.equal(await page.locator('#inspector img, #inspector script').count(), 0);
  for (const name of ['nothing but NaN', 'one element', 'all zeros', 'NaN and infinities']) {
    await page.locator('.item', { hasText: name }).click();
    await page.locator('.stage[data-missing="0"]').waitFor();
    assert.deepEqual(await violationsOf(page), [], name);
  }
  assert.deepEqual(complaints, []);
  await close();
});
