/** Every simulated machine, by its id, as threads are told which. */
import { eie } from './eie/eie.ts';
import type { SimulatorTypes, ThreadSimulator } from './simulator.ts';

export const simulators: Readonly<Record<string, ThreadSimulator<SimulatorTypes>>> = {
  [eie.id]: eie,
};
