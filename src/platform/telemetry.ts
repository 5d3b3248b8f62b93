/**
 * onnxruntime-node 1.30 keeps telemetry on Linux unless it is told not to before it is loaded: a database
 * and a device id below ~/.cache/Microsoft, logs in the temporary folder, and uploads. Its JavaScript
 * interface has no switch; the environment variable is read once, when the library starts
 * (onnxruntime/core/platform/posix/telemetry.cc), so it is set in every process that may load it.
 */
export const withoutTelemetry = { ORT_DISABLE_TELEMETRY: '1' } as const;

/** For this process; a thread's environment is a copy that native code does not see. */
export function disableTelemetry(): void {
  Object.assign(process.env, withoutTelemetry);
}
