import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stageText, stoppedAt } from './words.js';

const run = (status, explain, problems = []) => ({ answer: { status }, explain, matched: { problems, calls: [], entries: [] } });
const texts = of => ['auth', 'limits', 'cache', 'batching'].map(stage => stageText(of, stage));

test('a request that does not get to the gateway reaches no stage', () => {
  const of = run(0, undefined, [{ code: '', message: 'unreachable' }]);
  assert.equal(stoppedAt(of), 'frontend');
  assert.deepEqual(texts(of), Array(4).fill('not reached'));
});

test('without an explanation it is not claimed that there were no calls', () => {
  assert.deepEqual(texts(run(200)), ['passed', 'passed', 'unknown', 'unknown']);
  assert.equal(texts(run(200, { calls: [] })).at(-1), 'no calls');
});

test('what is refused stops where it is refused', () => {
  assert.deepEqual(texts(run(401, undefined, [{ code: 'UNAUTHENTICATED' }])).slice(1), Array(3).fill('not reached'));
  assert.deepEqual(texts(run(400, undefined, [{ code: 'GRAPHQL_VALIDATION_FAILED' }])).slice(1), ['✕ GRAPHQL_VALIDATION_FAILED', 'not reached', 'not reached']);
});
