export const entries: Readonly<Record<string, string>>;
export function buildDecode(outdir: string): Promise<unknown>;
export function writeDeclarations(outdir: string): void;
