/** Faults while models are written. */
import { tryFaults } from './faults.ts';

tryFaults(({ args }) => /^(compress|decompress|import)$/.test(args[0] ?? ''));
