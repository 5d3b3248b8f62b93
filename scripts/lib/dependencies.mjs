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

/**
 * Runs `npm ci` unless the dependencies are fresh; install scripts stay off (.npmrc). Where the
 * lock file lacks optional packages of other platforms (a partial mirror wrote it), npm ci refuses;
 * npm install then installs the same versions.
 */
export async function ensureDependencies(log) {
  if (dependenciesAreFresh()) return;
  log('installing the npm dependencies (npm ci)');
  const options = { timeout: 600_000 };
  try {
    await npm(['ci', '--no-audit', '--no-fund'], options);
  } catch (error) {
    if (!String(error).includes('EUSAGE')) throw error;
    log('package-lock.json is not complete for npm ci: npm install');
    await npm(['install', '--no-save', '--no-audit', '--no-fund'], options);
  }
}
