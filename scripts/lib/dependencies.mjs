/** Installs the npm dependencies when they are missing or not what package-lock.json says. */
import { readFileSync } from 'node:fs';
import { npm } from './process.mjs';

/** @returns {boolean} whether every package of the lock file is there in its version */
export function dependenciesAreFresh() {
  try {
    const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
    const installed = packages('node_modules/.package-lock.json');
    return Object.entries(packages('package-lock.json')).every(
      ([path, { version, optional }]) =>
        path === '' || installed[path]?.version === version || (optional && !installed[path]),
    );
  } catch {
    return false;
  }
}

/** Runs `npm ci` unless the dependencies are fresh; install scripts stay off (.npmrc). */
export async function ensureDependencies(log) {
  if (dependenciesAreFresh()) return;
  log('installing the npm dependencies (npm ci)');
  await npm(['ci', '--no-audit', '--no-fund'], { timeout: 600_000 });
}
