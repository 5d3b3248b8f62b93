/**
 * Results in order, from work that is started a few items ahead: threads stay busy, and no more
 * than `width` results wait in memory. The generator may be abandoned at any time.
 */
export async function* ahead<Item, Result>(
  items: Iterable<Item>,
  width: number,
  start: (item: Item) => Promise<Result>,
): AsyncGenerator<{ readonly item: Item; readonly result: Result }, void, undefined> {
  const queue: { readonly item: Item; readonly work: Promise<Result> }[] = [];
  const iterator = items[Symbol.iterator]();
  for (let more = true; ;) {
    while (more && queue.length < width) {
      const next = iterator.next();
      if (next.done) more = false;
      else {
        const work = start(next.value);
        work.catch(() => {}); // whoever awaits it hears of it
        queue.push({ item: next.value, work });
      }
    }
    const first = queue.shift();
    if (!first) return;
    yield { item: first.item, result: await first.work };
  }
}
