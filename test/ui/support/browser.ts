/** A Chromium for tests, quiet on a closed network. Wants DC_CHROMIUM, set by scripts/test.mjs. */
import { chromium, type Browser } from 'playwright-core';
import { limit } from '../../../scripts/lib/pace.mjs';

const flags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-swiftshader',
];

export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['DC_CHROMIUM'];
  if (!executablePath) throw new Error('DC_CHROMIUM is not set: run these tests through npm test');
  const shell = executablePath.includes('headless-chromium') ? ['--headless=shell'] : [];
  return chromium.launch({ executablePath, args: [...flags, ...shell], timeout: limit(60_000) });
}
