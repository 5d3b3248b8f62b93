/**
 * Where pictures and tables of a page go: in VS Code to the host, which asks for a place; in a browser
 * into its downloads and its clipboard.
 */
import type { Host } from './host.ts';

export const fileFormats = ['svg', 'png', 'csv', 'json'] as const;
export type FileFormat = (typeof fileFormats)[number];
export type Content = string | ArrayBuffer;

/** What every page may ask of its host. */
export type OutputMessage =
  | { readonly type: 'copy'; readonly text: string }
  | {
      readonly type: 'save';
      /** Of the picture or table, without the model's name: `[a-z0-9-]`, at most 40. */
      readonly name: string;
      readonly format: FileFormat;
      readonly content: Content;
    };

export interface Output {
  save(name: string, format: FileFormat, content: Content): void;
  /** @throws where the browser does not let the page */
  copyText(text: string): Promise<void>;
}

export function outputOf(
  host: Pick<Host<unknown, OutputMessage>, 'present' | 'post'>,
  stem = '',
): Output {
  return host.present
    ? {
        save: (name, format, content) => host.post({ type: 'save', name, format, content }),
        copyText: async (text) => host.post({ type: 'copy', text }),
      }
    : {
        save: (name, format, content) => download(`${stem}${name}.${format}`, format, content),
        copyText: (text) => navigator.clipboard.writeText(text),
      };
}

const types: Readonly<Record<FileFormat, string>> = {
  svg: 'image/svg+xml',
  png: 'image/png',
  csv: 'text/csv',
  json: 'application/json',
};

function download(name: string, format: FileFormat, content: Content): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type: types[format] }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const largest = 64 * 1024 * 1024;

/** For the host: a page is less trusted than the extension, so its messages are checked. */
export function isOutputMessage(message: unknown): message is OutputMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { type, text, name, format, content } = message as Readonly<Record<string, unknown>>;
  if (type === 'copy') return typeof text === 'string' && text.length < largest;
  const size =
    typeof content === 'string'
      ? content.length
      : content instanceof ArrayBuffer
        ? content.byteLength
        : Infinity;
  return (
    type === 'save' &&
    typeof name === 'string' &&
    /^[a-z0-9-]{1,40}$/.test(name) &&
    fileFormats.some((f) => f === format) &&
    size < largest
  );
}
