/**
 * The page that is a file of its own: scripts/build.mjs puts it together once, with scripts, styles and
 * a policy that lets nothing else run; here title and data are put into their places.
 */
import { host } from '#host';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';

const places = { title: '__TITLE__', data: '__DATA__' };

/**
 * @param template path of the page; undefined: beside the bundle
 * @param json the page's data
 * @throws DeepCompressionError `not-found` where the page is not installed
 */
export function filledPage(template: string | undefined, title: string, json: string): string {
  const path = template ?? host.bundled('webview/standalone.html');
  let page: string;
  try {
    const file = host.files.open(path);
    page = new TextDecoder().decode(readBytes(file, 0, file.size));
    file.close();
  } catch {
    throw new DeepCompressionError('not-found', `the report's page is not installed (${path})`);
  }
  const [head, rest] = cut(page, places.title, path);
  const [middle, tail] = cut(rest, places.data, path);
  // in a script element only "<" could end the data early; JSON allows it escaped
  return head + escape(title) + middle + json.replace(/</g, '\\u003c') + tail;
}

function cut(text: string, at: string, path: string): [string, string] {
  const i = text.indexOf(at);
  if (i < 0) throw new DeepCompressionError('invalid-input', `${path}: not the report's page`);
  return [text.slice(0, i), text.slice(i + at.length)];
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
