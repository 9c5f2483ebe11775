import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstChoices, linkOf, mistakeOf, planOf, resolve, runOf } from './choice.js';

const frontends = [
  { name: 'web', operations: [{ name: 'Shelf', query: 'query Shelf { shelf }' }, { name: 'Buy', query: 'mutation Buy { buy }' }] },
  { name: 'mobile', operations: [] },
];
const two = { frontend: 'web', query: 'query A { a } query B { b }', operationName: 'B', variables: '' };
const names = (editor, initial) => firstChoices(frontends, editor, initial).map(choice => resolve(choice, frontends, editor).name);

test('choices: those of a link, else what is in the editor, else the first', () => {
  assert.deepEqual(names(two, { frontend: 'web', operation: 'Buy' }), ['Buy']);
  assert.deepEqual(names(two, { frontend: 'web', operation: '' }), ['B (in the editor)']);
  assert.deepEqual(names({ ...two, query: 'mutation Buy { buy }' }, { frontend: 'web', operation: '' }), ['Buy']);
  assert.deepEqual(names(null, { frontend: 'web', operation: '' }), ['Shelf']);
  assert.deepEqual(names({ ...two, query: 'query {' }, { frontend: 'web', operation: '' }), ['Shelf']);
  assert.deepEqual(names(two, { frontend: 'web', operation: 'Buy', compare: { frontend: 'mobile', operation: 'None' } }), ['Buy', '__typename']);
});

test('a link with the text of an operation means what is in the editor', () => {
  assert.deepEqual(names(two, { frontend: 'web', operation: 'query A { a } query B { b }' }), ['B (in the editor)']);
  assert.deepEqual(names(null, { frontend: 'web', operation: 'query A { a }' }), ['Shelf']);
});

test('names of a link that objects have of themselves are none', () => {
  assert.deepEqual(names(null, { frontend: '__proto__', operation: 'constructor', compare: { frontend: 'toString', operation: '' } }), ['Shelf']);
});

test('of two operations in the editor, the one that was run is chosen and sent', async () => {
  const choices = firstChoices(frontends, two, { frontend: 'web' });
  const choice = resolve(choices[0], frontends, two);
  assert.equal(planOf(choice, null).operation.name, 'B');
  assert.equal(linkOf([choice]).operation, '');
  let sent;
  const run = await runOf(choice, null, async (_, request) => {
    sent = request;
    return { body: {} };
  });
  assert.equal(sent.operationName, 'B');
  assert.equal(run.name, 'B');
});

test('what is wrong with a choice is said', () => {
  const of = (query, variables = '') => mistakeOf({ frontend: 'web', name: 'x', query, variables });
  assert.equal(of('{ a }'), '');
  assert.match(of('query {'), /^web: Syntax Error/);
  assert.match(of('subscription { a }'), /subscription/);
  assert.match(of('{ a }', '{not'), /not JSON/);
});
