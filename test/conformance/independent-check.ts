/** How the independent decoder refuses a file. */
export function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`independent decoder: ${what}`);
}
