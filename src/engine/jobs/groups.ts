/** groups: which channels of a model can be removed, and which must go together. */
import { analyse } from '../structure/analyse.ts';
import { openOnnxInput, sharedInput } from '../input.ts';
import type { GroupsInput, GroupsResult } from '../protocol-slim.ts';
import { executorsOf } from '../runtime/executor.ts';
import { integerFrom } from '../shape.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';

export const groupsJob = defineJob<GroupsInput, GroupsResult>({
  input: { file: fileInput, seed: integerFrom(0) },
  run: async (input, { onProgress, runtime }) => {
    onProgress({ stage: 'open', layer: '', fraction: 0 });
    const opened = openOnnxInput(sharedInput(input.file));
    try {
      const [executor] = executorsOf(runtime);
      const { found, stated } = await analyse(opened.model, executor, input.seed);
      return {
        input: { path: opened.path, bytes: opened.source.size },
        groups: found.groups.map(({ name, layers, readers, channels, changes }) => ({
          ...{ name, channels: channels.length, layers, readers },
          ...(changes !== undefined && { changes }),
        })),
        boundaries: found.boundaries,
        inputs: stated,
      };
    } finally {
      opened.close();
    }
  },
});
