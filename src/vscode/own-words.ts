/**
 * What the engine's lines advise by options of the command line, said as VS Code has it: by its settings and
 * questions.
 */
const ways: readonly (readonly [RegExp, string])[] = [
  [/\(--(label|header|split)( [^()]*)?\)/, '("$1" in the setting deepCompression.dataset)'],
  [
    /say with --against which model.*$/,
    'name their file ("labels" in the setting deepCompression.dataset)',
  ],
  [/start afresh \(--fresh\), or delete it/, 'delete it, or answer Begin Anew'],
  [/deepc decompress writes it/, 'Decompress Model… writes it'],
  [/use deepc retrain with --data/, 'name samples in the setting deepCompression.dataset'],
];

export function inOwnWays(line: string): string {
  return ways.reduce((said, [option, way]) => said.replace(option, way), line);
}
