/** Sentences of the page that is a file of its own. It is written in English. */
export const english = {
  pages: 'Pages',
  report: 'Report',
  layers: 'Layers and weights',
};
