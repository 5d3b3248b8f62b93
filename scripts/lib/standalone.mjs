/**
 * Puts together the page that is a file of its own (`deepc report --out`): the built scripts and styles
 * of the report and the inspector inside one HTML file, whose policy lets exactly these run. Title and
 * data are put in by src/engine/page/template.ts.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What shows the others comes first. */
const pages = ['standalone', 'report', 'inspector'];

/** @param {string} folder of the built pages; the page is written into it */
export function writeStandalone(folder) {
  const read = (name) =>
    readFileSync(join(folder, name), 'utf8').replace(/^\/[/*]# sourceMappingURL.*$/gm, '');
  const scripts = pages.map((page) => read(`${page}.js`).replace(/<(\/script|!--)/gi, '\\x3c$1'));
  const styles = pages.map((page) => read(`${page}.css`).replace(/<\/style/gi, '<\\/style'));
  const hashes = (texts) =>
    texts.map((t) => `'sha256-${createHash('sha256').update(t).digest('base64')}'`).join(' ');
  const policy = [
    "default-src 'none'",
    'img-src blob:', // a picture on its way to becoming a PNG
    `style-src ${hashes(styles)}`,
    `script-src ${hashes(scripts)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  writeFileSync(
    join(folder, 'standalone.html'),
    `<!DOCTYPE html>
<html lang="en" class="standalone">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>__TITLE__</title>
${styles.map((css, i) => `<style id="style-${pages[i]}">${css}</style>`).join('\n')}
</head>
<body>
<noscript>This page draws its pictures with scripts, which are switched off.</noscript>
<main id="report" hidden></main>
<main id="inspector" hidden></main>
<script type="application/json" id="data">__DATA__</script>
${scripts.map((js) => `<script>${js}</script>`).join('\n')}
</body>
</html>
`,
  );
  for (const ending of ['js', 'js.map', 'css', 'css.map'])
    rmSync(join(folder, `standalone.${ending}`), { force: true }); // they are in it
}
