/** Tabs after the ARIA pattern: one tab stop, arrow keys, Home and End; a panel each. */
import { el } from './dom.ts';

export interface Tab {
  readonly id: string;
  readonly label: string;
  readonly panel: HTMLElement;
}

export class Tabs {
  readonly element: HTMLElement;
  private readonly buttons: readonly HTMLButtonElement[];

  constructor(
    private readonly tabs: readonly Tab[],
    name: string,
    private readonly onChange: (id: string) => void,
  ) {
    this.buttons = tabs.map(({ id, label, panel }) => {
      const button = el(
        'button',
        { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}` },
        label,
      );
      button.addEventListener('click', () => this.choose(id));
      panel.id = `panel-${id}`;
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', `tab-${id}`);
      return button;
    });
    this.element = el(
      'div',
      { class: 'tabs', role: 'tablist', 'aria-label': name },
      ...this.buttons,
    );
    this.element.addEventListener('keydown', (event) => {
      const at = this.buttons.findIndex((b) => b === document.activeElement);
      const last = this.buttons.length - 1;
      const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
      if (at < 0 || next === undefined) return;
      event.preventDefault();
      const target = (next + this.buttons.length) % this.buttons.length;
      this.choose(this.tabs[target]!.id);
      this.buttons[target]!.focus();
    });
  }

  choose(id: string): void {
    this.show(id);
    this.onChange(id);
  }

  show(id: string): void {
    this.tabs.forEach((tab, i) => {
      const on = tab.id === id;
      tab.panel.hidden = !on;
      this.buttons[i]!.setAttribute('aria-selected', String(on));
      this.buttons[i]!.tabIndex = on ? 0 : -1;
    });
  }
}
