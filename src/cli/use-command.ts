/** `deepc use`: its result as text. */
import { programs, type Program, type UseResult } from '../engine/protocol-use.ts';
import { name } from './format.ts';

export const useUsage = `
  deepc use MODEL                              code that loads an .onnx or .dcz file in other programs`;

const where: Readonly<Record<Program, string>> = {
  'onnxruntime-web': 'a web page',
  'onnxruntime-node': 'Node',
  'transformers.js': 'a web page or Node, from a repository of models',
  Python: 'Python',
};

export function useText({ snippets, notes }: UseResult): string {
  const parts = programs.flatMap((program) => {
    const snippet = snippets.find((s) => s.program === program);
    const title = program === where[program] ? program : `${program}: ${where[program]}`;
    return snippet ? [`── ${title}`, snippet.code] : [];
  });
  return [...parts, ...notes.map((note) => `note: ${name(note, 300)}`)].join('\n').trimEnd();
}
