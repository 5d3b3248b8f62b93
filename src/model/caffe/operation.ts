/** What an operation computes; the parameters ONNX needs. Spatial lists are [height, width]. */
export type Operation =
  | {
      readonly type: 'convolution';
      readonly kernel: readonly number[];
      readonly strides: readonly number[];
      readonly pads: readonly number[];
      readonly dilations: readonly number[];
      readonly group: number;
    }
  | { readonly type: 'innerProduct' }
  | { readonly type: 'relu'; readonly slope: number }
  | {
      readonly type: 'pool';
      readonly kind: 'MAX' | 'AVE';
      readonly kernel: readonly number[];
      readonly strides: readonly number[];
      /** Begin of both axes, then end of both axes, as ONNX has them. */
      readonly pads: readonly number[];
      readonly overhang: readonly number[];
    }
  | { readonly type: 'globalPool'; readonly kind: 'MAX' | 'AVE' }
  | { readonly type: 'concat'; readonly axis: number }
  | { readonly type: 'softmax'; readonly axis: number }
  | {
      readonly type: 'lrn';
      readonly size: number;
      readonly alpha: number;
      readonly beta: number;
      readonly bias: number;
    };

/** What a layer rule makes of its inputs; no operation: the layer passes its input on. */
export interface LayerResult {
  readonly operation?: Operation;
  readonly shape: readonly number[];
  readonly weights?: readonly number[];
}
