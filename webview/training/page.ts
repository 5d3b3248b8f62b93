/** The HTML around the training page: the shell of all pages with this page's script, style and policy. */
import { pageHtml } from '../report/page.ts';
import type { TrainingPageData } from './messages.ts';

export function trainingPage(parts: {
  readonly cspSource: string;
  readonly cssUri: string;
  readonly jsUri: string;
  readonly nonce: string;
  readonly lang: string;
  readonly data: TrainingPageData;
}): string {
  // blob: is the picture of a chart on its way to becoming a PNG
  const images = `${parts.cspSource} blob:`;
  return pageHtml({ ...parts, root: 'training', title: parts.data.model, images });
}
