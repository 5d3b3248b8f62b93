import assert from 'node:assert/strict';
describe('x', () => {
  it('ok', function () {
    assert.ok(1);
    (this.test as { measured?: string }).measured = 'hi';
  });
  it('bad', () => {
    assert.equal(1, 2);
  });
});
