/** How a checkpoint is recognised, apart from the other kinds: the extension host deletes them too. */
import { readBytes } from '../model/bytes.ts';
import type { OutputKind } from '../platform/port.ts';
import { isCheckpoint } from '../train/methods/checkpoint.ts';

export const checkpointKind: OutputKind = {
  name: 'a checkpoint',
  looksLike: (file) => isCheckpoint(readBytes(file, 0, Math.min(file.size, 16))),
};
