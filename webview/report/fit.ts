/** Draws a chart again whenever the width it has changes, so that patterns and text keep their size. */
import { el } from '../ui/dom.ts';
import { toElement, type SvgNode } from '../charts/svg.ts';

export function fitWidth(className: string, draw: (width: number) => SvgNode): HTMLElement {
  const box = el('div', { class: className });
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.floor(box.clientWidth);
    if (width < 40 || width === drawn) return;
    drawn = width;
    box.replaceChildren(toElement(draw(width)));
  }).observe(box);
  return box;
}
