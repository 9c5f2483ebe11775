import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offsetAt, plainEditor, positionAt } from './plaintext.js';

test('places and offsets of a text lead to each other', () => {
  const text = 'ab\n\nc';
  const places = [[1, 1], [1, 2], [1, 3], [2, 1], [3, 1], [3, 2]];
  places.forEach(([lineNumber, column], offset) => {
    assert.deepEqual(positionAt(text, offset), { lineNumber, column });
    assert.equal(offsetAt(text, { lineNumber, column }), offset);
  });
  assert.equal(offsetAt(text, { lineNumber: 9, column: 9 }), text.length);
});

test('what was given to another editor is read and written there', () => {
  globalThis.document = { activeElement: null };
  const area = { value: 'typed', selectionStart: 2, selectionEnd: 4 };
  let told = 0;
  const plain = plainEditor(area, () => told++);
  plain.setValue('typed more');
  assert.equal(told, 1);

  let text = '';
  let selection;
  plain.giveTo({ getValue: () => text, setValue: value => (text = value), setSelection: value => (selection = value), focus: () => assert.fail('it had no focus') });
  assert.equal(text, 'typed more');
  assert.deepEqual(selection, { startLineNumber: 1, startColumn: 3, endLineNumber: 1, endColumn: 5 });
  plain.setValue('later');
  assert.equal(text, 'later');
  assert.equal(plain.getValue(), 'later');
  assert.equal(area.value, 'typed more');
  delete globalThis.document;
});
