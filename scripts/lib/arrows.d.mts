export const arrows: Readonly<Record<string, readonly string[]>>;
export const pure: readonly string[];
