/**
 * What the metadata of a .dcz is deflated after: the recipe is most of it, and this is how one looks. A small
 * model's file is a few kilobytes, of which its recipe would else be a twentieth. docs/dcz-format.md,
 * section 2; a change would be another version of the format.
 */
const text =
  '{"coder":"auto","description":"","index":{"bits":"auto"},"kinds":{"conv":{"prune":{"' +
  'target":0.3},"share":{"bits":8}},"fc":{"prune":{"target":0.9},"share":{"bits":5}}},"' +
  'layers":{"*.bias":{"prune":{"method":"none"},"share":{"bits":4}}},"minimumWeights":2' +
  '56,"name":"","prune":{"granularity":"weight","method":"sparsity","quality":0.5,"targ' +
  'et":0.5},"roles":["weight","bias"],"share":{"bits":5,"init":"linear","method":"kmean' +
  's"},"train":{"augment":{"mirror":false,"rotate":0,"scale":0,"shear":0,"shift":0},"ba' +
  'tch":64,"batchNorm":"frozen","dropout":false,"loss":"cross-entropy","normalisation":' +
  '{"deviation":[1],"mean":[0],"scale":0.00392156862745098},"stages":[{"clip":0,"cut":0' +
  '.05,"deadUnits":true,"epochs":1,"freeze":[],"freezeKinds":[],"keep":"last","kind":"p' +
  'rune","l1":0,"l2":0,"layers":["*"],"momentum":0.9,"optimizer":"adam","path":"gradual' +
  '","rate":0.001,"schedule":"constant","steps":1},{"clip":0,"cut":0.05,"deadUnits":tru' +
  'e,"epochs":1,"freeze":[],"freezeKinds":[],"keep":"best","kind":"share","l1":0,"l2":0' +
  ',"layers":["*"],"momentum":0.9,"optimizer":"adam","path":"gradual","rate":0.001,"sch' +
  'edule":"cosine","steps":1}],"teacher":0.5,"temperature":2,"validation":0.1}}';

export const metadataDictionary = new TextEncoder().encode(text);
