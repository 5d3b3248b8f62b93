/** Faults while models are trained and records are written. */
import { tryFaults } from './faults.ts';

tryFaults(({ args }) => /^(retrain|sensitivity)$/.test(args[0] ?? ''));
