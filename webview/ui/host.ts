/**
 * The one door to VS Code. `acquireVsCodeApi` may be called once and is kept private here; outside
 * VS Code (the page as a file in a browser) there is no host, and everything that needs one hides.
 */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare const acquireVsCodeApi: (() => VsCodeApi) | undefined;

export interface Host<To, From> {
  /** False: the page was opened as a file in a browser. */
  readonly present: boolean;
  post(message: From): void;
  /** Calls back with every message that `guard` accepts; anything else is dropped. */
  listen(guard: (message: unknown) => message is To, handle: (message: To) => void): void;
  /** What `save` stored before the page was hidden or the window reloaded. */
  saved(): unknown;
  save(state: unknown): void;
}

export function connect<To, From>(): Host<To, From> {
  const api = typeof acquireVsCodeApi === 'function' ? acquireVsCodeApi() : undefined;
  return {
    present: api !== undefined,
    post: (message) => api?.postMessage(message),
    listen: (guard, handle) => {
      if (api)
        window.addEventListener('message', (event) => {
          const data: unknown = event.data;
          if (guard(data)) handle(data);
        });
    },
    saved: () => api?.getState(),
    save: (state) => api?.setState(state),
  };
}
