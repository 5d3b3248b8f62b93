/** Text that VS Code renders as Markdown. */

/** A text of a model's or a file's, on one line, so that nothing in it becomes markup. */
export function plainMarkdown(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[\\`*_{}[\]()#+\-.!|<>~&$:]/g, '\\$&');
}
