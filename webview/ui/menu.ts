/**
 * A button with a menu after the ARIA pattern: Enter or a click opens it, arrow keys move, Escape
 * closes it and gives the focus back. What came of a choice is said beside the button.
 */
import { el } from './dom.ts';

export interface MenuItem {
  readonly label: string;
  /** @returns what to say when it is done, '' for nothing */
  readonly run: () => string | Promise<string>;
  /** Apart from the one before it. */
  readonly apart?: boolean;
}

/** Milliseconds that what came of it is shown. */
const shown = 4000;

export function menu(label: string, name: string, items: readonly MenuItem[]): HTMLElement {
  const button = el(
    'button',
    {
      ...{ type: 'button', class: 'link menu-button', 'aria-label': name },
      ...{ 'aria-haspopup': 'menu', 'aria-expanded': 'false' },
    },
    label,
    el('span', { class: 'menu-mark', 'aria-hidden': 'true' }, '▾'),
  );
  const said = el('span', { class: 'menu-said muted', role: 'status' });
  const list = el('div', { class: 'menu-list', role: 'menu', 'aria-label': name, hidden: true });
  const box = el('div', { class: 'menu' }, said, button, list);
  let timer: number | undefined;
  const say = (text: string): void => {
    said.textContent = text;
    clearTimeout(timer);
    timer = window.setTimeout(() => (said.textContent = ''), shown);
  };
  const made = items.map(({ label: text, run, apart }) => {
    const item = el(
      'button',
      { type: 'button', role: 'menuitem', tabindex: -1, class: apart ? 'apart' : '' },
      text,
    );
    item.addEventListener('click', () => {
      open(false);
      button.focus();
      void Promise.resolve(run()).then(say, (error: unknown) => say((error as Error).message));
    });
    return item;
  });
  list.append(...made);
  const open = (wanted: boolean): void => {
    list.hidden = !wanted;
    button.setAttribute('aria-expanded', String(wanted));
    if (!wanted) return;
    list.classList.remove('to-right');
    if (list.getBoundingClientRect().left < 0) list.classList.add('to-right');
    made[0]?.focus();
  };
  button.addEventListener('click', () => open(list.hidden === true));
  button.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    open(true);
  });
  list.addEventListener('keydown', (event) => {
    const at = made.findIndex((item) => item === document.activeElement);
    const last = made.length - 1;
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (event.key === 'Escape') {
      open(false);
      button.focus();
    } else if (next === undefined) return;
    else made[(next + made.length) % made.length]?.focus();
    event.preventDefault();
  });
  box.addEventListener('focusout', (event) => {
    if (!box.contains(event.relatedTarget as Node | null)) open(false);
  });
  return box;
}
