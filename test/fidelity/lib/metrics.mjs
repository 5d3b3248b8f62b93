/** Area under the ROC curve of scores against true or false labels; ties count half. */
export function auc(scores, labels) {
  const order = [...scores.keys()].sort((a, b) => scores[a] - scores[b]);
  let rankSum = 0,
    positive = 0;
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j < order.length && scores[order[j]] === scores[order[i]]) j++;
    for (let k = i; k < j; k++)
      if (labels[order[k]]) {
        rankSum += (i + j + 1) / 2;
        positive++;
      }
    i = j;
  }
  const negative = scores.length - positive;
  return (rankSum - (positive * (positive + 1)) / 2) / (positive * negative);
}
export const mean = (list, f = (x) => x) => list.reduce((a, x, i) => a + f(x, i), 0) / list.length;
