/** The menu beside every picture and table: saved as SVG, PNG, CSV or JSON, or copied. */
import { fill } from './dom.ts';
import { standaloneSvg, toCsv, toJson, toPng, toTsv } from './export.ts';
import { menu, type MenuItem } from './menu.ts';
import type { FileFormat, Output } from './output.ts';
import type { SharedStrings } from './strings.ts';
import type { Table } from './table.ts';

export interface Exported {
  /** Of the files: `[a-z0-9-]`. */
  readonly name: string;
  readonly heading: string;
  /** The chart as it is shown; undefined while there is none. */
  readonly svg?: () => SVGElement | undefined;
  /** A picture that is no SVG. */
  readonly png?: () => Promise<Blob>;
  readonly table?: () => Table | undefined | Promise<Table>;
  readonly more?: readonly MenuItem[];
}

export function exportMenu(what: Exported, t: SharedStrings, out: Output): HTMLElement {
  const { name, heading, svg, table } = what;
  const failing =
    (sentence: string, run: () => Promise<string> | string) => async (): Promise<string> => {
      try {
        return await run();
      } catch (error) {
        return fill(sentence, (error as Error).message);
      }
    };
  const save = (format: FileFormat, make: () => Promise<string | ArrayBuffer | undefined>) => ({
    label: fill(t.saveAs, format.toUpperCase()),
    run: failing(t.notSaved, async () => {
      const content = await make();
      if (content !== undefined) out.save(name, format, content);
      return '';
    }),
  });
  const text = (): string | undefined => {
    const shown = svg?.();
    return shown && standaloneSvg(shown);
  };
  const picture = async (): Promise<Blob | undefined> => {
    if (what.png) return what.png();
    const drawn = text();
    return drawn === undefined ? undefined : toPng(drawn);
  };
  const tabled = (write: (table: Table) => string) => async (): Promise<string | undefined> => {
    const shown = await table?.();
    return shown && write(shown);
  };
  const pictures: MenuItem[] =
    svg || what.png
      ? [
          ...(svg ? [save('svg', async () => text())] : []),
          save('png', async () => (await picture())?.arrayBuffer()),
          {
            label: t.copyPicture,
            run: failing(t.notCopied, async () => {
              const png = await picture();
              if (!png) return '';
              await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
              return t.copied;
            }),
          },
        ]
      : [];
  const tables: MenuItem[] = table
    ? [
        { ...save('csv', tabled(toCsv)), apart: pictures.length > 0 },
        save('json', tabled(toJson)),
        {
          label: t.copyTable,
          run: failing(t.notCopied, async () => {
            const shown = await table();
            if (!shown) return '';
            await out.copyText(toTsv(shown));
            return t.copied;
          }),
        },
      ]
    : [];
  const items = [...pictures, ...tables, ...(what.more ?? [])];
  return menu(t.exportMenu, `${t.exportMenu}: ${heading}`, items);
}
