/**
 * How faithful a changed model is to the original on the same inputs: the share of answers that changed,
 * with its confidence interval, the accuracy that this is expected to cost, and how far outputs moved.
 * Source of the interval: interval.ts. Answers by the kind of output: answers.ts.
 */
import { changeOf, type SampleChange } from './answers.ts';
import { highest, type SampleOutput } from './classes.ts';
import { decisionsOf, stakeOfEven, type Decision } from './decisions.ts';
import { effectiveCount, wilson, type Interval } from './interval.ts';
import { kindOf, type OutputHint, type OutputKind } from './kinds.ts';
import { meanLoss, smoothLoss, type SmoothLoss } from './smooth-loss.ts';

/** All outputs of one sample by name. */
export type SampleOutputs = Readonly<Record<string, SampleOutput>>;

/** What is known of the outputs before the first sample. */
export interface OutputDescription {
  readonly name: string;
  readonly isInteger: boolean;
  readonly hint: OutputHint;
}

export interface OutputFidelity {
  readonly name: string;
  readonly kind: OutputKind['kind'];
  /** Answers that were compared, and the share of them that changed (plain values: of squared size). */
  readonly answers: number;
  readonly disagreement: number;
  /** 95 % interval of `disagreement`; null for plain values, which are not counted. */
  readonly interval: Interval | null;
  /** Loss of accuracy that the original's own probabilities expect; equals `disagreement` where an output
   * holds no probabilities of answers. */
  readonly expectedLoss: number;
  /** The same with its error, from margins and movements of all answers; null where answers have no margins. */
  readonly smoothLoss: SmoothLoss | null;
  /** ||y - y'|| / ||y|| over all samples. */
  readonly relativeError: number;
}

export interface Fidelity extends OutputFidelity {
  readonly samples: number;
  /** Shares of labelled samples whose class is right, in either model; null without labels or classes. */
  readonly accuracy: { readonly original: number; readonly changed: number } | null;
  /** Every output; what is above is of the one that answers, `name`. */
  readonly outputs: readonly OutputFidelity[];
}

/** Recognises every output by the original's samples. */
export function kindsOf(
  described: readonly OutputDescription[],
  samples: readonly SampleOutputs[],
): Map<string, OutputKind> {
  return new Map(
    described.map(({ name, isInteger, hint }) => [
      name,
      kindOf(
        samples.flatMap((s) => s[name] ?? []),
        isInteger,
        hint,
      ),
    ]),
  );
}

/** What was seen of one output: an entry for every cluster, samples that go wrong together. */
interface Seen {
  readonly changes: Map<number, SampleChange>;
  readonly decisions: Map<number, { readonly decisions: Decision[]; answers: number }>;
}

/** Adds up the changes of one sample after another. */
export class Comparison {
  readonly #seen: ReadonlyMap<string, Seen>;
  #samples = 0;
  #labelled = 0;
  readonly #right = { original: 0, changed: 0 };

  constructor(readonly kinds: ReadonlyMap<string, OutputKind>) {
    this.#seen = new Map(
      [...kinds.keys()].map((name) => [name, { changes: new Map(), decisions: new Map() }]),
    );
  }

  /**
   * @param label the sample's class, where it is known
   * @param cluster the same for samples that are not independent, as steps of one recording are
   */
  add(
    original: SampleOutputs,
    changed: SampleOutputs,
    label?: number,
    cluster = this.#samples,
  ): void {
    this.#samples++;
    if (label !== undefined) this.#judge(original, changed, label);
    for (const [name, kind] of this.kinds) {
      const a = original[name];
      const b = changed[name];
      if (!a || !b) continue;
      const seen = this.#seen.get(name)!;
      const change = changeOf(kind, a, b);
      seen.changes.set(cluster, sumOf(change, seen.changes.get(cluster)));
      const found = decisionsOf(kind, a, b, label);
      if (!found) continue;
      let own = seen.decisions.get(cluster);
      if (!own) seen.decisions.set(cluster, (own = { decisions: [], answers: 0 }));
      for (const decision of found.decisions) own.decisions.push(decision);
      own.answers += found.answers;
    }
  }

  result(): Fidelity {
    const outputs = [...this.kinds].map(([name, kind]) =>
      summed(name, kind.kind, this.#seen.get(name)!),
    );
    const answering = outputs.find((o) => o.kind !== 'values') ?? outputs[0];
    const none = summed('', 'values', { changes: new Map(), decisions: new Map() });
    const { original, changed } = this.#right;
    const n = this.#labelled;
    const accuracy = n > 0 ? { original: original / n, changed: changed / n } : null;
    return { samples: this.#samples, ...(answering ?? none), accuracy, outputs };
  }

  #judge(original: SampleOutputs, changed: SampleOutputs, label: number): void {
    const name = [...this.kinds].find(([, { kind }]) => kind === 'class')?.[0];
    const a = name === undefined ? undefined : original[name]?.data;
    const b = name === undefined ? undefined : changed[name]?.data;
    if (!a || !b) return;
    this.#labelled++;
    if (highest(a, 0, 1, a.length) === label) this.#right.original++;
    if (highest(b, 0, 1, b.length) === label) this.#right.changed++;
  }
}

/**
 * What a change costs, as one share: accuracy where there are labels, else what the original's own
 * probabilities expect to lose. Of yes-or-no answers half counts: their probabilities are too sure of
 * themselves to be believed.
 */
export function lossOf({ kind, accuracy, disagreement, expectedLoss }: Fidelity): number {
  if (accuracy) return accuracy.original - accuracy.changed;
  return kind === 'decision' ? stakeOfEven * disagreement : expectedLoss;
}

/** The loss that is to be expected: by margins and movements where there are margins, else as counted. */
export function likelyLoss(fidelity: Fidelity): number {
  return fidelity.smoothLoss?.loss ?? lossOf(fidelity);
}

/** The likely loss and so many standard errors. */
export function cautiousLoss(fidelity: Fidelity, errors: number): number {
  return likelyLoss(fidelity) + errors * (fidelity.smoothLoss?.error ?? 0);
}

function sumOf(a: SampleChange, b: SampleChange | undefined): SampleChange {
  if (!b) return a;
  return {
    answers: a.answers + b.answers,
    changed: a.changed + b.changed,
    expectedLoss: a.expectedLoss + b.expectedLoss,
    movement: a.movement + b.movement,
    size: a.size + b.size,
  };
}

function summed(name: string, kind: OutputKind['kind'], seen: Seen): OutputFidelity {
  const changes = [...seen.changes.values()];
  const sum = (of: keyof SampleChange): number => changes.reduce((a, c) => a + c[of], 0);
  const answers = sum('answers');
  const share = (of: keyof SampleChange): number => (answers > 0 ? sum(of) / answers : 0);
  const size = sum('size');
  const count = effectiveCount(
    changes.map((c) => c.changed),
    changes.map((c) => c.answers),
  );
  const disagreement = share('changed');
  return {
    name,
    kind,
    answers,
    disagreement,
    interval: kind === 'values' ? null : wilson(disagreement, count),
    expectedLoss: share('expectedLoss'),
    smoothLoss:
      kind === 'values'
        ? meanLoss(
            changes.map((c) => c.expectedLoss),
            changes.map((c) => c.answers),
          )
        : smoothLoss([...seen.decisions.values()]),
    relativeError: Math.sqrt(size > 0 ? sum('movement') / size : 0),
  };
}
