/**
 * The page that is a file of its own holds up to two of the editor's pages, the report and the model:
 * this shows one at a time, each with its own style sheet, and the way from one to the other.
 */
import '../ui/theme.css';
import './standalone.css';
import type { PageData } from '../../src/engine/protocol-page.ts';
import { el } from '../ui/dom.ts';
import { english } from './strings.ts';

const pages = [
  { id: 'report', label: english.report },
  { id: 'inspector', label: english.layers },
] as const;
type PageId = (typeof pages)[number]['id'];

const { report } = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData;
const there = pages.filter(({ id }) => id === 'inspector' || report !== null);
const links = there.map(({ id, label }) => el('a', { href: `#${id}` }, label));
if (there.length > 1)
  document.body.prepend(el('nav', { class: 'pages', 'aria-label': english.pages }, ...links));

function show(wanted: PageId): void {
  for (const { id } of pages) {
    document.getElementById(id)!.hidden = id !== wanted;
    (document.getElementById(`style-${id}`) as HTMLStyleElement).disabled = id !== wanted;
  }
  there.forEach(({ id }, i) => {
    if (id === wanted) links[i]?.setAttribute('aria-current', 'page');
    else links[i]?.removeAttribute('aria-current');
  });
  scrollTo(0, 0);
}

function choose(): void {
  const named = there.find(({ id }) => `#${id}` === location.hash) ?? there[0]!;
  show(named.id);
}

addEventListener('hashchange', choose);
choose();
