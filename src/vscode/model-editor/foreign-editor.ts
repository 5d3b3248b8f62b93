/** Which other extension shows models, such as Netron's. From the manifests of extensions alone; pure. */

export interface ForeignEditor {
  readonly extension: string;
  readonly viewType: string;
}

/** Of an extension; `packageJSON` is whatever it wrote. */
export interface Installed {
  readonly id: string;
  readonly packageJSON: unknown;
}

/** What is read of a manifest that is not ours. */
interface Manifest {
  readonly displayName?: string;
  readonly contributes?: {
    readonly customEditors?: readonly {
      readonly viewType?: string;
      readonly selector?: readonly { readonly filenamePattern?: string }[];
    }[];
  };
}

/**
 * The first editor for files with an ending that an extension other than `own` brings.
 * @param ending in lower case, without the dot
 */
export function foreignEditor(
  ending: string,
  extensions: readonly Installed[],
  own: string,
): ForeignEditor | undefined {
  for (const { id, packageJSON } of extensions) {
    if (id === own) continue;
    const { displayName, contributes } = (packageJSON ?? {}) as Manifest;
    const editor = contributes?.customEditors?.find(({ selector }) =>
      selector?.some(({ filenamePattern }) =>
        filenamePattern?.toLowerCase().endsWith(`.${ending}`),
      ),
    );
    if (editor?.viewType !== undefined)
      return { extension: displayName ?? id, viewType: editor.viewType };
  }
  return undefined;
}
