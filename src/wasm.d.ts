/** What assembly/NAME.ts compiles to (scripts/lib/wasm.mjs). */
declare module 'wasm:*' {
  export const bytes: Uint8Array<ArrayBuffer>;
}
