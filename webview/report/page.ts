/**
 * The HTML around a page of ours in VS Code: style sheet and script by address, data as JSON in the page,
 * and a policy that lets nothing else in. Pure: text in, text out. scripts/lib/standalone.mjs puts the
 * same pages into a file of their own.
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
    csp: `default-src 'none'; img-src ${images}; style-src ${cspSource}; font-src ${cspSource}; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'`,
    style: `<link rel="stylesheet" href="${escape(parts.cssUri)}">`,
    script: `<script nonce="${escape(nonce)}" src="${escape(parts.jsUri)}"></script>`,
    data: parts.data,
  });
}

function page(parts: {
  lang: string;
  title: string;
  root: string;
  csp: string;
  style: string;
  script: string;
  data: unknown;
}): string {
  // in a script element only "<" could end the data early; JSON allows it escaped
  const json = JSON.stringify(parts.data).replace(/</g, '\\u003c');
  return `<!DOCTYPE html>
<html lang="${escape(parts.lang)}">
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
