/**
 * The HTML around the report page, for both places it lives in: a VS Code editor (style sheet and
 * script by address, data by message) and a file of its own that any browser opens (everything
 * inline). Pure: text in, text out.
 *
 * A file of its own, after `node scripts/build.mjs` (scripts/report-page.mjs does exactly this):
 *   standaloneReport({ css, js, nonce, data: { report } }) with css and js the texts of
 *   dist/webview/report.css and dist/webview/report.js, nonce any fresh token, and `report` what the
 *   `report` or `compress` job gave.
 */
import type { ReportPageData } from './messages.ts';

/** @param lang BCP 47 tag of the strings */
export function editorReport(parts: {
  readonly cspSource: string;
  readonly cssUri: string;
  readonly jsUri: string;
  readonly nonce: string;
  readonly lang: string;
  readonly title: string;
  readonly data: ReportPageData;
}): string {
  // blob: is the picture of a chart on its way to becoming a PNG
  return pageHtml({ ...parts, root: 'report', images: `${parts.cspSource} blob:` });
}

/**
 * Any page of ours in VS Code: one policy, data as JSON in the page.
 * @param root id of the element the script fills
 * @param images sources of `img-src`
 */
export function pageHtml(parts: {
  readonly cspSource: string;
  readonly cssUri: string;
  readonly jsUri: string;
  readonly nonce: string;
  readonly lang: string;
  readonly title: string;
  readonly root: string;
  readonly images: string;
  readonly data: unknown;
}): string {
  const { cspSource, nonce, images } = parts;
  return page({
    lang: parts.lang,
    title: parts.title,
    root: parts.root,
    rootClass: '',
    csp: `default-src 'none'; img-src ${images}; style-src ${cspSource}; font-src ${cspSource}; script-src 'nonce-${nonce}'`,
    style: `<link rel="stylesheet" href="${escape(parts.cssUri)}">`,
    script: `<script nonce="${escape(nonce)}" src="${escape(parts.jsUri)}"></script>`,
    data: parts.data,
  });
}

export function standaloneReport(parts: {
  readonly css: string;
  readonly js: string;
  readonly nonce: string;
  readonly title: string;
  readonly data: ReportPageData;
}): string {
  const nonce = escape(parts.nonce);
  return page({
    lang: 'en',
    title: parts.title,
    root: 'report',
    rootClass: 'standalone',
    csp: `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`,
    style: `<style nonce="${nonce}">${parts.css.replace(/<\/style/gi, '<\\/style')}</style>`,
    script: `<script nonce="${nonce}">${parts.js.replace(/<(\/script|!--)/gi, '\\x3c$1')}</script>`,
    data: parts.data,
  });
}

function page(parts: {
  lang: string;
  title: string;
  root: string;
  rootClass: string;
  csp: string;
  style: string;
  script: string;
  data: unknown;
}): string {
  const root = parts.rootClass ? ` class="${parts.rootClass}"` : '';
  // in a script element only "<" could end the data early; JSON allows it escaped
  const json = JSON.stringify(parts.data).replace(/</g, '\\u003c');
  return `<!DOCTYPE html>
<html lang="${escape(parts.lang)}"${root}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${parts.csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(parts.title)}</title>
${parts.style}
</head>
<body>
<main id="${parts.root}"></main>
<script type="application/json" id="data">${json}</script>
${parts.script}
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
