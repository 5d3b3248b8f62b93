export interface Demo {
  readonly address: string;
  close(): void;
}
export function startDemo(port?: number): Promise<Demo>;
