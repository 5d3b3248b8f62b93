export function buildEngine(outdir: string): Promise<void>;
