/**
 * One layer of the inspector on EIE, by the job that the simulator's panel runs. The worker keeps what it
 * has prepared of a model, so that another machine or layer answers at once.
 */
import type * as vscode from 'vscode';
import type { LayerSimulation, SimulateQuestion } from '../../../webview/inspector/messages.ts';
import type { EngineClient } from '../../engine/client.ts';
import type { Progress } from '../../engine/protocol.ts';
import { layersOf } from '../eie/source.ts';

export async function simulateLayer(
  engine: EngineClient,
  uri: vscode.Uri,
  { tensor, name, part, machine }: SimulateQuestion,
  signal: AbortSignal,
  /** 0 to 1, in steps of a percent. */
  onFraction: (fraction: number) => void,
): Promise<LayerSimulation> {
  const layers = await layersOf({ kind: 'model', uri });
  let told = 0;
  const onProgress = ({ fraction }: Progress): void => {
    const percent = Math.floor(fraction * 100);
    if (percent > told) onFraction((told = percent) / 100);
  };
  // what there is, before anything is simulated
  const { available, skipped } = await engine.run(
    'simulate',
    { ...layers, layers: [] },
    { signal, onProgress },
  );
  const matrices = available.filter((layer) => layer.tensor === tensor);
  const wanted = matrices[part] ?? matrices[0];
  if (!wanted) {
    const reason =
      skipped.find((layer) => layer.tensor === tensor)?.reason ?? 'it is not compressed';
    return { parts: [], reason, layer: null, detail: null };
  }
  const input = { ...layers, machine, layers: [wanted.index] };
  const result = await engine.run('simulate', input, { signal });
  const { perPe, timeline, ...layer } = result.layers[0]!;
  // `W [input gate]` is told as `[input gate]`
  const parts = matrices.map((m) => m.name.slice(name.length).trim() || m.name);
  return { parts, reason: '', layer, detail: { index: layer.index, perPe, timeline } };
}
