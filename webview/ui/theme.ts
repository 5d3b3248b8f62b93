/** Which kind of colour theme a page is shown in, for what style sheets cannot reach: pixels. */
export type ThemeKind = 'light' | 'dark' | 'contrast';

/** VS Code says it with a class of the body; elsewhere the background does. Contrast is the dark one. */
export function themeKind(): ThemeKind {
  const { classList } = document.body;
  if (classList.contains('vscode-light') || classList.contains('vscode-high-contrast-light'))
    return 'light';
  if (classList.contains('vscode-high-contrast')) return 'contrast';
  if (classList.contains('vscode-dark')) return 'dark';
  return luminance(getComputedStyle(document.body).backgroundColor) > 0.5 ? 'light' : 'dark';
}

/** Calls back whenever the theme changes; the function given back ends that. */
export function onTheme(changed: () => void): () => void {
  const watch = new MutationObserver(changed);
  const attributeFilter = ['class', 'data-vscode-theme-id'];
  watch.observe(document.body, { attributes: true, attributeFilter });
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', changed);
  return () => {
    watch.disconnect();
    system.removeEventListener('change', changed);
  };
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (colour.match(/\d+(\.\d+)?/g) ?? []).map(Number);
  return (0.3 * r + 0.6 * g + 0.1 * b) / 255;
}
