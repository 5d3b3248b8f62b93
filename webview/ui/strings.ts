/** Sentences of what all pages have: exporting, tables behind pictures. Part of every page's `english`. */
export const shared = {
  exportMenu: 'Export',
  saveAs: 'Save as {0}',
  copyPicture: 'Copy Picture',
  copyTable: 'Copy Table',
  copied: 'Copied.',
  notCopied: 'Could not be copied: {0}',
  notSaved: 'Could not be saved: {0}',
  asTable: 'As a table',
  someRows: 'The first {0} of {1} rows; an exported table has all.',
};

export type SharedStrings = Readonly<Record<keyof typeof shared, string>>;
