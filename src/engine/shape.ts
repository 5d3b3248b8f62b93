/**
 * Shapes of plain data that arrives from another program, thread or page: a check a field. The type of
 * a shape follows the type it stands for, so that a field without a check does not compile, nor does a
 * check of another type. Fields that the type does not have pass: nobody can read them.
 */

/** Whether a value is a `T`. Exactly `T`: a check of a part of its values is another type. */
export interface Check<T> {
  (value: unknown): value is T;
  /** Never there; keeps `Check` invariant. */
  readonly of?: (value: T) => T;
}

/** The check of a field that may be left out. */
export interface Optional<T> {
  readonly optional: Check<T>;
}

/** One check for every field of `T`, `optional` for those that may be left out. */
export type Shape<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K>
    ? Optional<Exclude<T[K], undefined>>
    : Check<T[K]>;
};

/** A shape of whatever type. */
export type AnyShape = Readonly<Record<string, AnyCheck | { readonly optional: AnyCheck }>>;
type AnyCheck = (value: unknown) => boolean;

export const text: Check<string> = (v): v is string => typeof v === 'string';
export const filledText: Check<string> = (v): v is string => typeof v === 'string' && v !== '';
export const flag: Check<boolean> = (v): v is boolean => typeof v === 'boolean';
export const number: Check<number> = (v): v is number => typeof v === 'number';
export const bytes: Check<Uint8Array<ArrayBuffer>> = (v): v is Uint8Array<ArrayBuffer> =>
  v instanceof Uint8Array;
/** Any object but a list: what it holds is checked by whoever takes it. */
export const anyRecord: Check<object> = (v): v is object => isRecord(v);

export const integer: Check<number> = (v): v is number => Number.isSafeInteger(v);

/** @param least of the whole numbers that are taken */
export function integerFrom(least: number): Check<number> {
  return (v): v is number => Number.isSafeInteger(v) && (v as number) >= least;
}

/** The words of a type, each as the name of a field, so that none can be forgotten. */
export function oneOf<T extends string>(words: Readonly<Record<T, true>>): Check<T> {
  return (v): v is T => typeof v === 'string' && Object.hasOwn(words, v);
}

/** One of a list of words, whose type is that of the list. */
export function among<T extends string>(words: readonly T[]): Check<T> {
  return (v): v is T => words.some((word) => word === v);
}

/** The value itself. */
export function exactly<const T extends string>(word: T): Check<T> {
  return (v): v is T => v === word;
}

export function optional<T>(check: Check<T>): Optional<T> {
  return { optional: check };
}

export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return inside(
    (v): v is readonly T[] => Array.isArray(v) && v.every(check),
    (v, rules) => (v as readonly unknown[]).map((item) => replaced(check, item, rules)),
  );
}

export function pairOf<T>(check: Check<T>): Check<readonly [T, T]> {
  return (v): v is readonly [T, T] => Array.isArray(v) && v.length === 2 && v.every(check);
}

export function either<A, B>(a: Check<A>, b: Check<B>): Check<A | B> {
  return inside(
    (v): v is A | B => a(v) || b(v),
    (v, rules) => replaced(a(v) ? a : b, v, rules),
  );
}

export function record<T extends object>(shape: Shape<T>): Check<T> {
  return inside(
    (v): v is T => isRecord(v) && misfit(shape as AnyShape, v) === undefined,
    (v, rules) => replacedIn(shape as AnyShape, v as object, rules),
  );
}

/** What takes the place of the values that some checks stand for, wherever these lie in a shape. */
export class Rules {
  private readonly byCheck = new Map<AnyCheck, (value: never) => unknown>();

  with<T>(check: Check<T>, replace: (value: T) => unknown): this {
    this.byCheck.set(check, replace);
    return this;
  }

  of(check: AnyCheck): ((value: never) => unknown) | undefined {
    return this.byCheck.get(check);
  }
}

/** A value that fits the shape, with what the rules say in the place of parts of it. */
export function replacedIn(shape: AnyShape, value: object, rules: Rules): object {
  const fields = Object.entries(value).map(([name, part]) => {
    const check = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (check === undefined || part === undefined) return [name, part];
    return [name, replaced(typeof check === 'function' ? check : check.optional, part, rules)];
  });
  return Object.fromEntries(fields) as object;
}

type Replace = (value: unknown, rules: Rules) => unknown;
/** Of the checks of what has parts, how these are replaced. */
const insides = new WeakMap<AnyCheck, Replace>();

function inside<C extends AnyCheck>(check: C, replace: Replace): C {
  insides.set(check, replace);
  return check;
}

function replaced(check: AnyCheck, value: unknown, rules: Rules): unknown {
  const rule = rules.of(check);
  return rule ? rule(value as never) : (insides.get(check)?.(value, rules) ?? value);
}

/** The first field that does not fit; undefined: everything fits. */
export function misfit(shape: AnyShape, value: object): string | undefined {
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.keys(shape).find((name) => !fits(shape[name], fields[name]));
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fits(check: AnyShape[string], value: unknown): boolean {
  if (typeof check === 'function') return check(value);
  return value === undefined || check.optional(value);
}
