// A text area, or an element that shows text, as the editor that GraphiQL expects: what it uses of Monaco's.

// offsetAt returns the offset of a place in a text.
export function offsetAt(text, { lineNumber, column }) {
  const before = text.split('\n').slice(0, lineNumber - 1);
  return Math.min(before.reduce((sum, line) => sum + line.length + 1, 0) + column - 1, text.length);
}

// positionAt returns the place of an offset in a text.
export function positionAt(text, offset) {
  const before = text.slice(0, offset).split('\n');
  return { lineNumber: before.length, column: before.at(-1).length + 1 };
}

// plainEditor returns an element as an editor, and calls told for each change. When it was given to another editor, whoever still
// has it, such as an operation that is executed, reads and writes the other one.
export function plainEditor(element, told) {
  const property = 'value' in element ? 'value' : 'textContent';
  const listeners = new Set();
  let successor = null;

  const getValue = () => (successor ? successor.getValue() : element[property]);
  const changed = () => {
    told();
    listeners.forEach(listener => listener());
  };
  const setValue = text => {
    if (successor) return successor.setValue(text);
    element[property] = text;
    changed();
  };
  const cursor = () => element.selectionStart ?? 0;
  const getPosition = () => positionAt(getValue(), cursor());
  return {
    getValue,
    setValue,
    changed,
    cursor,
    getPosition,
    getSelection: () => ({ getPosition }),
    setPosition: position => element.setSelectionRange(offsetAt(getValue(), position), offsetAt(getValue(), position)),
    focus: () => element.focus(),
    revealLineInCenterIfOutsideViewport() {}, // the browser does it
    createDecorationsCollection: () => ({ set() {}, clear() {} }),
    getModel: () => ({
      getValue,
      setValue,
      getOffsetAt: position => offsetAt(getValue(), position),
      getPositionAt: offset => positionAt(getValue(), offset),
      onDidChangeContent(listener) {
        listeners.add(listener);
        return { dispose: () => listeners.delete(listener) };
      },
    }),
    // giveTo gives text, selection and focus to another editor.
    giveTo(editor) {
      const text = element[property];
      const shows = property === 'textContent';
      if (text !== editor.getValue() && !(shows && !text)) editor.setValue(text);
      successor = editor;
      if (shows) return;
      const from = positionAt(text, element.selectionStart);
      const to = positionAt(text, element.selectionEnd);
      editor.setSelection({ startLineNumber: from.lineNumber, startColumn: from.column, endLineNumber: to.lineNumber, endColumn: to.column });
      if (document.activeElement === element) editor.focus();
    },
  };
}
