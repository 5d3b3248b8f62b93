/** Wrong usage of the command line: exit code 2, in one line. */
export class UsageError extends Error {}
