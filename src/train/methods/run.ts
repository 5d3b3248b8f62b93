/**
 * A recipe's stages one after another. Each stage changes the structure of its layers (stages/all.ts)
 * and then trains what is left (phase.ts). After every epoch there is a checkpoint of plain data; a run resumed from it gives the same weights as one that was not
 * interrupted.
 */
import { matchesGlob, matchesLayer } from '../../compress/layer-globs.ts';
import type { OptimizerState } from '../optimizer.ts';
import {
  afterUpdate,
  beginStep,
  endStep,
  layersOf,
  settles,
  stepsOf,
  trainsItself,
  type StageRecipe,
} from '../stages/all.ts';
import type { StageWork, TrainingOptions } from '../stages/stage.ts';
import { seedAt, type Network } from './network.ts';
import {
  restore,
  snapshot,
  sparsityOf,
  spread,
  variablesOf,
  type Structure,
} from './parameters.ts';
import { ofAnotherNetwork, refuseOther } from './checkpoint-shape.ts';
import { runPhase, type Epoch, type PhaseHooks, type PhaseState } from './phase.ts';
import type { ChannelGroup } from './channels.ts';
import type { LayerPair } from './dead-units.ts';
import type { Reconstruction } from './reconstruct.ts';
import type { Layer } from './structure.ts';

export interface RunPlan {
  readonly stages: readonly StageRecipe[];
  /** What stages may prune and share; the parameters are the network's. */
  readonly layers: readonly Layer[];
  /** Layers that feed others, for the removal of dead units. */
  readonly pairs: readonly LayerPair[];
  /** Channels that can be removed, where a stage removes some. */
  readonly channels: readonly ChannelGroup[];
  /** Names of the scales of BatchNormalization. */
  readonly scales: ReadonlySet<string>;
  /** Kind of the layer a tensor (a bias too) belongs to, for freezing. */
  readonly kindOf: (name: string) => StageRecipe['freezeKinds'][number];
  /** Fits the layers one by one to the uncompressed network (reconstruct.ts). */
  readonly reconstruct: (
    layers: readonly Layer[],
    options: TrainingOptions,
    work: Pick<Reconstruction, 'seed' | 'isFrozen' | 'turn' | 'stopped' | 'onStep'>,
  ) => Promise<unknown>;
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
  readonly seed: number;
}

export interface RunHooks extends Pick<PhaseHooks, 'turn' | 'stopped'> {
  /** `part` (0..1) of the whole run. */
  readonly onStep: (part: number, stage: StageRecipe, step: number, loss: number) => void;
  readonly onEpoch: (epoch: Epoch) => void;
  readonly save: (checkpoint: Checkpoint) => Promise<void>;
}

/** Everything that a run needs to go on. */
export interface Checkpoint {
  readonly stage: number;
  readonly step: number;
  readonly phase: PhaseState;
  readonly structures: readonly Structure[];
  readonly variables: readonly Float32Array[];
  readonly states: readonly Float32Array[];
  readonly history: readonly Epoch[];
  readonly pruned: readonly string[];
}

export interface RunResult {
  readonly history: readonly Epoch[];
  readonly end: 'done' | 'stopped' | 'diverged';
  /** Layers that were pruned by a stage, and so are not to be pruned again. */
  readonly pruned: ReadonlySet<string>;
  readonly notes: readonly string[];
}

export async function runStages(
  network: Network,
  plan: RunPlan,
  hooks: RunHooks,
  resume?: Checkpoint,
): Promise<RunResult> {
  const { stages } = plan;
  const { parameters, states } = network;
  const history: Epoch[] = [...(resume?.history ?? [])];
  const pruned = new Set<string>(resume?.pruned ?? []);
  const notes: string[] = [];
  const all = stages.reduce((sum, s) => sum + lengthOf(s), 0);
  let before = 0;
  let end: RunResult['end'] = 'done';
  if (resume) takeUp(network, resume);
  for (const [at, stage] of stages.entries()) {
    const chosen = plan.layers.filter(({ tensor }) =>
      layersOf(stage).some((glob) => matchesLayer(tensor, glob)),
    );
    let optimizer: OptimizerState | undefined;
    for (let step = 0; step < stepsOf(stage) && end === 'done'; step++) {
      const length = stage.epochs || 1;
      const earlier = resume && (at < resume.stage || (at === resume.stage && step < resume.step));
      const here = resume?.stage === at && resume.step === step;
      if (!earlier) {
        const started = before;
        const seed = seedAt(plan.seed, at, step);
        const isFrozen = (name: string): boolean =>
          stage.freeze.some((glob) => matchesGlob(name, glob)) ||
          stage.freezeKinds.includes(plan.kindOf(name));
        const onStep = (part: number, loss: number): void =>
          hooks.onStep((started + part * length) / all, stage, step, loss);
        const work: StageWork = {
          network,
          layers: chosen,
          pairs: plan.pairs,
          channels: plan.channels,
          scales: plan.scales,
          validation: plan.validation,
          seed: plan.seed,
          reconstruct: (layers, options) =>
            plan.reconstruct(layers, options, { ...hooks, seed, isFrozen, onStep }),
          turn: hooks.turn,
        };
        const tell = (note: string | undefined): void => {
          if (note !== undefined) notes.push(`stage ${at + 1} (${stage.kind}) ${note}`);
        };
        if (!here) {
          tell(await beginStep(stage, step, work));
          if (settles(stage)) for (const { tensor } of chosen) pruned.add(tensor.name);
        }
        const phase = await runPhase(
          network,
          {
            // what trained itself is scored, and the checkpoint saved
            stage: trainsItself(stage) ? { ...stage, epochs: 0 } : stage,
            training: plan.training,
            validation: plan.validation,
            seed,
            isFrozen,
            afterUpdate: afterUpdate(stage, work),
            optimizer,
          },
          {
            ...hooks,
            onStep,
            async onEpoch(epoch, phase) {
              history.push({ ...epoch, stage: at, step, sparsity: sparsityOf(parameters) });
              hooks.onEpoch(history.at(-1)!);
              await hooks.save({
                stage: at,
                step,
                phase,
                structures: parameters.map((p) => p.structure),
                variables: snapshot(parameters),
                states: states.map((s) => s.values.slice()),
                history,
                pruned: [...pruned],
              });
            },
          },
          here ? resume.phase : undefined,
        );
        end = phase.end;
        tell(endStep(stage, work));
        // at a constant rate, steps of pruning are one training that loses weights on its way
        if (stage.schedule === 'constant') optimizer = phase.optimizer;
      }
      before += length;
    }
    if (end === 'diverged')
      notes.push(
        `training diverged in stage ${at + 1} (${stage.kind}): the loss is not finite, so it stopped there and kept its best epoch; try a smaller rate`,
      );
    if (end !== 'done') break;
  }
  return { history, end, pruned, notes };
}

/** In epochs, none counting as one: what progress is measured in. */
function lengthOf(stage: StageRecipe): number {
  return stepsOf(stage) * (stage.epochs || 1);
}

/** @throws DeepCompressionError `invalid-input` when the checkpoint is of another network */
function takeUp({ parameters, states }: Network, resume: Checkpoint): void {
  refuseOther(
    states.map((s) => s.values),
    resume.states,
  );
  if (resume.structures.length !== parameters.length) ofAnotherNetwork();
  parameters.forEach((p, i) => {
    const structure = resume.structures[i]!;
    const { length } =
      structure.kind === 'shared'
        ? structure.codes
        : structure.kind === 'ternary'
          ? structure.latent
          : structure.kind === 'hashed'
            ? { length: structure.layout.outputs * structure.layout.inputs }
            : (structure.mask ?? p.values);
    if (length !== p.values.length) ofAnotherNetwork();
    if (structure.kind === 'hashed' && structure.values.length !== structure.layout.values)
      ofAnotherNetwork();
    p.structure = structure;
  });
  refuseOther(parameters.flatMap(variablesOf), resume.variables);
  restore(parameters, resume.variables);
  for (const p of parameters) spread(p);
  states.forEach((s, i) => s.values.set(resume.states[i]!));
}
