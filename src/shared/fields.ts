/**
 * Declared values: what a value may be, what it is when left out and what it is for, said once. Its
 * type, its JSON schema (draft 7, as editors read it) and its default follow from the declaration.
 * Checking is the schema's: a field only fills in what a checked value leaves out.
 */
export type JsonSchema = Readonly<Record<string, unknown>>;
/** Named parts of a schema, which others refer to. */
export type Definitions = Map<string, JsonSchema>;

export interface Field<T> {
  schema(definitions: Definitions): JsonSchema;
  /** A value that the schema allows, with every default filled in; undefined where it was left out. */
  complete(given: unknown): T;
}

/** A field that stays away when it is left out. */
export interface OptionalField<T> extends Field<T | undefined> {
  readonly optional: true;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type ValueOf<F> = F extends Field<infer T> ? T : never;
type OptionalKeys<F> = {
  [K in keyof F]: F[K] extends OptionalField<unknown> ? K : never;
}[keyof F];
/** The completed values of a group of fields. */
export type ValuesOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]>;
} & {
  readonly [K in OptionalKeys<F>]?: Exclude<ValueOf<F[K]>, undefined>;
};
/** A value of which anything may be left out; lists are left out as a whole. */
export type Sparse<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Sparse<T[K]> }
    : T;

/** What stands in a schema beside what the value may be. */
interface Told<T> {
  readonly about: string;
  /** The value when it is left out. */
  readonly initial: T;
}

export interface Limits {
  readonly least?: number;
  readonly most?: number;
  /** Limits that the value does not reach. */
  readonly above?: number;
  readonly below?: number;
}

function limits({ least, most, above, below }: Limits): JsonSchema {
  return {
    ...(least !== undefined && { minimum: least }),
    ...(above !== undefined && { exclusiveMinimum: above }),
    ...(most !== undefined && { maximum: most }),
    ...(below !== undefined && { exclusiveMaximum: below }),
  };
}

/** A field whose schema hangs on no other: a number, a word, a list of words. */
function plain<T>(schema: JsonSchema, initial: T): Field<T> {
  return {
    schema: () => schema,
    complete: (given) => (given === undefined ? initial : given) as T,
  };
}

export function number({ about, initial, ...range }: Told<number> & Limits): Field<number> {
  const schema = { type: 'number', ...limits(range), default: initial, description: about };
  return plain(schema, initial);
}

export function integer({ about, initial, ...range }: Told<number> & Limits): Field<number> {
  const schema = { type: 'integer', ...limits(range), default: initial, description: about };
  return plain(schema, initial);
}

/** A number, or the word `auto`, which is the default. */
export function integerOrAuto(about: string, range: Limits): Field<'auto' | number> {
  const oneOf = [
    { type: 'string', enum: ['auto'] },
    { type: 'integer', ...limits(range) },
  ];
  return plain<'auto' | number>({ default: 'auto', oneOf, description: about }, 'auto');
}

export function flag({ about, initial }: Told<boolean>): Field<boolean> {
  return plain({ type: 'boolean', default: initial, description: about }, initial);
}

/** One of some words, each with what it means. */
export function choice<W extends string>(
  words: Readonly<Record<W, string>>,
  { about, initial }: Told<NoInfer<W>>,
): Field<W> {
  return plain({ ...wordsOf(words), default: initial, description: about }, initial);
}

function wordsOf(words: Readonly<Record<string, string>>): JsonSchema {
  const meanings = Object.values(words);
  return {
    type: 'string',
    enum: Object.keys(words),
    ...(meanings.some((m) => m !== '') && { enumDescriptions: meanings }),
  };
}

/** Some of some words, each at most once. */
export function choices<W extends string>(
  words: Readonly<Record<W, string>>,
  { about, initial }: Told<readonly NoInfer<W>[]>,
): Field<readonly W[]> {
  const items = wordsOf(words);
  return plain<readonly W[]>(
    { type: 'array', uniqueItems: true, default: initial, items, description: about },
    initial,
  );
}

export function text(
  { about, initial }: { about: string; initial?: string },
  rule: JsonSchema,
): Field<string> {
  const schema = {
    type: 'string',
    ...rule,
    ...(initial !== undefined && { default: initial }),
    description: about,
  };
  return plain(schema, initial ?? '');
}

/** A list of plain items, each as `items` says. */
export function listOf<T extends string | number>(
  items: JsonSchema,
  { about, initial, least, most }: Told<readonly T[]> & { least?: number; most: number },
): Field<readonly T[]> {
  return plain<readonly T[]>(
    {
      type: 'array',
      ...(least !== undefined && { minItems: least }),
      maxItems: most,
      default: initial,
      items,
      description: about,
    },
    initial,
  );
}

/** An object of these fields and no others. */
export function group<F extends Fields>(
  fields: F,
  about: string,
  required: readonly (keyof F & string)[] = [],
): Field<ValuesOf<F>> {
  return {
    schema: (definitions) => ({
      type: 'object',
      additionalProperties: false,
      ...(required.length > 0 ? { required } : { default: {} }),
      ...(about !== '' && { description: about }),
      properties: Object.fromEntries(
        Object.entries(fields).map(([name, field]) => [name, field.schema(definitions)]),
      ),
    }),
    complete: (given) => {
      const values = (given ?? {}) as Readonly<Record<string, unknown>>;
      const all = Object.entries(fields).map(([name, field]) => [
        name,
        field.complete(values[name]),
      ]);
      return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as ValuesOf<F>;
    },
  };
}

/** The field with anything left out that was left out; an empty object when it is absent. */
export function sparse<T extends object>(field: Field<T>): Field<Sparse<T>> {
  return {
    schema: (definitions) => field.schema(definitions),
    complete: (given) => (given ?? {}) as Sparse<T>,
  };
}

/** An object of such values under names that the user chooses. */
export function mapOf<T extends object>(
  field: Field<T>,
  names: JsonSchema,
  about: string,
): Field<Readonly<Record<string, T>>> {
  return {
    schema: (definitions) => ({
      type: 'object',
      default: {},
      description: about,
      propertyNames: names,
      additionalProperties: field.schema(definitions),
    }),
    complete: (given) => (given ?? {}) as Readonly<Record<string, T>>,
  };
}

export function optional<T>(field: Field<T>): OptionalField<T> {
  return {
    optional: true,
    schema: (definitions) => {
      const told = Object.entries(field.schema(definitions));
      return Object.fromEntries(told.filter(([key]) => key !== 'default'));
    },
    complete: (given) => (given === undefined ? undefined : field.complete(given)),
  };
}

/** An object of which exactly one field is given. */
export function exclusive<T extends object>(field: Field<T>): Field<T> {
  return {
    schema: (definitions) => ({
      ...field.schema(definitions),
      minProperties: 1,
      maxProperties: 1,
    }),
    complete: (given) => field.complete(given),
  };
}

/** Puts the field's schema among the definitions, so that it stands once where it is used often. */
export function named<T>(name: string, field: Field<T>): Field<T> {
  return {
    schema: (definitions) => {
      if (!definitions.has(name)) definitions.set(name, field.schema(definitions));
      return { $ref: `#/definitions/${name}` };
    },
    complete: (given) => field.complete(given),
  };
}

/** The field with another meaning where it is used. */
export function described<T>(field: Field<T>, about: string): Field<T> {
  return {
    schema: (definitions) => ({ ...field.schema(definitions), description: about }),
    complete: (given) => field.complete(given),
  };
}

/** A list that has to be given, of at least one value. */
export function someOf<T>(field: Field<T>, most: number, about: string): Field<readonly T[]> {
  return {
    schema: (definitions) => ({
      type: 'array',
      minItems: 1,
      maxItems: most,
      description: about,
      items: field.schema(definitions),
    }),
    complete: (given) => (given as readonly unknown[]).map((item) => field.complete(item)),
  };
}
