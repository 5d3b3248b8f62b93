/** The HTML around the EIE panel: the report's shell with this page's script, style and policy. */
import { pageHtml } from '../report/page.ts';
import type { EiePageData } from './messages.ts';

export function eiePanel(parts: {
  readonly cspSource: string;
  readonly cssUri: string;
  readonly jsUri: string;
  readonly nonce: string;
  readonly lang: string;
  readonly data: EiePageData;
}): string {
  // blob: is the picture of a chart on its way to becoming a PNG
  return pageHtml({
    ...parts,
    root: 'eie',
    title: parts.data.title,
    images: `${parts.cspSource} blob:`,
  });
}
