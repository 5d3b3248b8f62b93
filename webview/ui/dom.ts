/**
 * Builds DOM without HTML strings: names of tensors and files come from other people's models, so
 * they only ever reach the page as text nodes and attribute values.
 */
export type Child = Node | string | null | undefined;

/** Attribute values; `true` sets the bare attribute, `false` and undefined leave it out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes (never `style` or `on…`: the policy forbids both) and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Attributes,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K];
export function el(
  tag: string,
  attributes?: Attributes,
  ...children: readonly Child[]
): HTMLElement;
export function el(
  tag: string,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

/** Replaces `{0}`, `{1}`, … in a localised string. */
export function fill(template: string, ...values: readonly (string | number)[]): string {
  return template.replace(/\{(\d+)\}/g, (whole, i: string) => String(values[Number(i)] ?? whole));
}
