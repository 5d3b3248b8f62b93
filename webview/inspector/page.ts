/** The HTML around the model inspector: the report's shell with this page's script, style and policy. */
import { pageHtml } from '../report/page.ts';
import type { InspectorPageData } from './messages.ts';

export function inspectorPage(parts: {
  readonly cspSource: string;
  readonly cssUri: string;
  readonly jsUri: string;
  readonly nonce: string;
  readonly lang: string;
  readonly title: string;
  readonly data: InspectorPageData;
}): string {
  // blob: is a picture on its way to becoming a PNG
  return pageHtml({ ...parts, root: 'inspector', images: `${parts.cspSource} blob:` });
}
