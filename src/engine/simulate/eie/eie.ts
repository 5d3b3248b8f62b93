/** EIE (Han et al., ISCA 2016) as a simulated machine; src/eie is the simulator itself. */
import { codeLimit, makeMachine, weightBitsFor, type Machine } from '../../../eie/machine.ts';
import { LayerSimulator, type LayerRun } from '../../../eie/run.ts';
import { dividedAxes, sweepMachines, sweepPoint, type SweepPoint } from '../../../eie/sweep.ts';
import type {
  MachineConfig,
  MachineOptions,
  PublishedResult,
  SimulatedLayer,
  SimulateTotals,
  SweepAxis,
  SweptPoint,
} from '../../protocol-eie.ts';
import type { Simulator } from '../simulator.ts';
import { commonMachine, machineChanges, machineOptions, sweepAxis } from './options.ts';
import { publishedFigures } from './published.ts';
import { layerResult, totalsOf } from './results.ts';
import { ownLayers } from './sources.ts';
import { sweptPoints, totalPoints } from './sweep-points.ts';

export interface EieTypes {
  readonly options: MachineOptions;
  readonly machine: Machine;
  readonly axis: SweepAxis;
  readonly run: LayerRun;
  readonly layer: SimulatedLayer;
  readonly totals: SimulateTotals;
  readonly common: MachineConfig;
  readonly point: SweepPoint;
  readonly swept: SweptPoint;
  readonly published: PublishedResult;
}

export const eie: Simulator<EieTypes> = {
  ...codeLimit,
  id: 'eie',
  knobs: machineOptions,
  axis: sweepAxis,
  machine: (asked, options) => makeMachine({ ...asked, ...machineChanges(options) }),
  asks: (codebook, signed) => ({
    weightBits: weightBitsFor(codebook.length),
    detect: signed ? 'nonzero' : 'positive',
  }),
  ownLayers,
  prepare: (layer) => {
    const simulator = new LayerSimulator(layer);
    return {
      run: (machine, bins) => simulator.run(machine, bins),
      point: (machine) => sweepPoint(simulator, machine),
    };
  },
  machines: sweepMachines,
  divided: dividedAxes,
  family: ({ pes, indexBits, precision }) => `${pes}/${indexBits}/${precision}`,
  figures: {
    layer: layerResult,
    totals: totalsOf,
    common: commonMachine,
    points: sweptPoints,
    total: totalPoints,
    published: publishedFigures,
  },
};
