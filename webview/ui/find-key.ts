/**
 * Ctrl+F, or Cmd+F, goes to the filter of a page, which looks through all rows: VS Code's own search sees
 * only those that are drawn.
 */
export function findKeyGoesTo(filter: () => HTMLInputElement | null): void {
  document.addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
    if (key.toLowerCase() !== 'f' || ctrlKey === metaKey || shiftKey || altKey) return;
    const input = filter();
    if (!input) return;
    event.preventDefault();
    event.stopPropagation(); // VS Code listens at the window
    input.focus();
    input.select();
  });
}
