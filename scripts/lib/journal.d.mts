export function note(
  file: string | undefined,
  event: 'waits' | 'passed' | 'failed' | 'skipped' | 'closed',
  name: string,
): void;
export function readJournal(file: string): {
  passed: string[];
  failed: string[];
  skipped: string[];
  unfinished: string[];
};
