export const pace: number;
export function limit(ms: number): number;
