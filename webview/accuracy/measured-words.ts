/** Sentences about what was measured of a model. Part of the `english` of every page that shows some. */
export const measuredWords = {
  evaluate: 'Evaluate…',
  measureImpact: 'Which Layers Hurt…',
  scanSensitivity: 'Scan Sensitivity…',
  findSmallest: 'Find Smallest File…',
  samplesUsed: 'Samples: {0}',
  chooseSamples: 'Choose Samples…',
  otherSamples: 'Choose Other Samples…',
  nothingMeasured:
    'Nothing was measured of this model yet. All of it takes samples of yours; labels are needed for accuracy and sensitivity alone.',
  evaluation: 'How it answers',
  evaluatedOn: '{0}, {1} samples.',
  evaluatedFiles: 'Accuracy of each file',
  evaluatedFile: 'File',
  rightAnswers: 'Right',
  topFiveAnswers: 'Among the first five',
  meanLoss: 'Loss',
  agreesOn:
    'The answers agree with the original’s on {0} of {1} samples (95 % interval {2} to {3}).',
  outputsMoved:
    'The outputs moved by {0} on {1} samples: the norm of the difference over that of the original’s.',
  impactHeading: 'Which layer hurts',
  impactCaption:
    'How far the outputs move when a single layer is compressed and all others stay, at the size that keeps the goal.',
  impactSummary:
    '{0} moves the outputs most: by {1} alone. All {2} layers together lose {3} on {4} samples, in {5}.',
  impactAxis: 'Outputs moved, of their norm',
  impactLayer: 'Layer',
  impactMoved: 'Moves outputs',
  impactLost: 'Loses alone',
  impactRegained: 'Regained',
  impactBytes: 'Costs bytes',
  impactBits: 'Bits',
  impactRows: 'Layers to protect, what moves the outputs most first',
  protect: 'Protect',
  protectLayer: 'Protect {0}: leave it as it is, and compress again',
  mostLayers: 'The first {0} of {1}; the table below the picture has all.',
  frontHeading: 'Sizes and what they cost',
  frontCaption:
    'Each point is a file that was tried: how large it is, and what it is expected to lose.',
  frontSummary:
    'From {0}, which is expected to lose {1}, to {2}, which is expected to lose {3}; {4} sizes, measured on {5}.',
  frontUnfinished: 'The search was ended before it was complete.',
  frontAxis: 'Size of the file',
  frontLoss: 'Expected loss',
  frontBytes: 'Bytes',
  frontRatio: 'Times smaller',
  frontError: 'Standard error',
  frontMoved: 'Outputs moved',
  frontRows: 'Sizes to compress to',
  compressTo: 'Compress',
  compressToSize: 'Compress to {0}',
};

export type MeasuredWords = Readonly<Record<keyof typeof measuredWords, string>>;
