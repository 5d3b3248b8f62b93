/**
 * The report as one HTML file that any browser opens: the built page of dist/webview with its data
 * inside. Used by `npm start`; run `node scripts/build.mjs` first.
 */
import { build } from 'esbuild';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @param {object} report result of the `report` or `compress` job (`deepc compress --json`)
 * @param {string} file path of the .html to write
 */
export async function writeReportPage(report, file) {
  const bundled = await build({
    entryPoints: [join(root, 'webview/report/page.ts')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  const page = await import(
    `data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`
  );
  const built = (name) =>
    readFileSync(join(root, 'dist/webview', name), 'utf8').replace(
      /^\/[/*]# sourceMappingURL.*$/gm,
      '',
    );
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    page.standaloneReport({
      css: built('report.css'),
      js: built('report.js'),
      nonce: randomBytes(16).toString('base64url'),
      title: basename(report.output.path),
      data: { report },
    }),
  );
}
