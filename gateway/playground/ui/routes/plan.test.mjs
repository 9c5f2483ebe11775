import assert from 'node:assert/strict';
import { test } from 'node:test';
import { match, plan } from './plan.js';

const sdl = `
  type Query { node(id: ID!): Node  book(id: ID!): Book  shelf: [Thing!]!  me: Person }
  type Subscription { sold: Book }
  interface Node { id: ID!  owner: Person }
  union Thing = Book | Film
  type Book implements Node { id: ID!  owner: Person  title: String  stock: Stock  sequel: Book  score: Int }
  type Film implements Node { id: ID!  owner: Person  title: String }
  type Person { id: ID!  name: String  email: String  friends: [Person!]! }
  type Stock { left: Int }
`;

const route = (field, service, at = `a.graphqls:${field}`) => ({ field, service, call: `GET /${field}`, route: at });
const hand = (field, service) => ({ field, service, call: 'Go method' });
const routes = [
  route('Query.book', 'books'),
  route('Query.shelf', 'books'),
  route('Query.node', 'nodes'),
  route('Query.me', 'people'),
  route('Book.owner', 'people'),
  route('Film.owner', 'films'),
  route('Book.stock', 'stocks'),
  route('Book.sequel', 'books'),
  { ...route('Person.friends', 'people'), each: true },
  hand('Book.score', 'scores'),
];

const planned = (query, options = {}) => plan({ query, sdl, routes, ...options });
const lines = ({ entries }) => entries.map(({ level, path, field, service }) => `${level} ${path} ${field} ${service}`);
const call = (service, at, fromMs, ms, more = {}) => ({ service, route: at, fromMs, ms, ...more });
const assigned = ({ calls, entries }) => calls.map(one => `${one.level} ${one.service} ${one.entries.map(i => entries[i].path).join(' ')}`.trim());

test('plan: levels, paths and coordinates', async t => {
  const cases = {
    'one level below each routed field': [
      '{ book(id: 1) { title stock { left } owner { name friends { id } } } }',
      ['1 book Query.book books', '2 book.stock Book.stock stocks', '2 book.owner Book.owner people', '3 book.owner.friends Person.friends people'],
    ],
    aliases: [
      '{ a: book(id: 1) { s: stock { left } } b: book(id: 2) { id } }',
      ['1 a Query.book books', '2 a.s Book.stock stocks', '1 b Query.book books'],
    ],
    'fragments, named and inline, once for each path': [
      '{ book(id: 1) { ...F ... { stock { left } } } } fragment F on Book { stock { left } ...G } fragment G on Book { score }',
      ['1 book Query.book books', '2 book.stock Book.stock stocks', '2 book.score Book.score scores'],
    ],
    'an interface has the routes of all its types': [
      '{ node(id: 1) { owner { name } } }',
      ['1 node Query.node nodes', '2 node.owner Book.owner people', '2 node.owner Film.owner films'],
    ],
    'a condition narrows an interface': [
      '{ node(id: 1) { ... on Film { ... on Node { owner { name } } } } }',
      ['1 node Query.node nodes', '2 node.owner Film.owner films'],
    ],
    'a union': [
      '{ shelf { __typename ... on Book { stock { left } } ... on Film { title } } }',
      ['1 shelf Query.shelf books', '2 shelf.stock Book.stock stocks'],
    ],
    'a recursive type': [
      '{ book(id: 1) { sequel { sequel { stock { left } } } } }',
      [
        '1 book Query.book books',
        '2 book.sequel Book.sequel books',
        '3 book.sequel.sequel Book.sequel books',
        '4 book.sequel.sequel.stock Book.stock stocks',
      ],
    ],
    'a cycle of fragments ends': [
      '{ book(id: 1) { ...F } } fragment F on Book { sequel { ...F } }',
      ['1 book Query.book books', '2 book.sequel Book.sequel books'],
    ],
    'unknown fields, types and fragments are left out': [
      '{ nope { x } ...Nope ... on Nope { me { id } } me { nope { id } } }',
      ['1 me Query.me people'],
    ],
    'a subscription': ['subscription { sold { stock { left } } }', ['1 sold.stock Book.stock stocks']],
  };
  for (const [name, [query, want]] of Object.entries(cases)) await t.test(name, () => assert.deepEqual(lines(planned(query)), want));
});

test('plan: conditions take literals, variables and defaults', () => {
  const query =
    'query Q($a: Boolean!, $b: Boolean = true) { me @include(if: $a) { id } book(id: 1) @skip(if: $b) { id } shelf @skip(if: false) { __typename } }';
  assert.deepEqual(lines(planned(query, { variables: { a: true } })), ['1 me Query.me people', '1 shelf Query.shelf books']);
  assert.deepEqual(lines(planned(query, { variables: { a: false, b: false } })), ['1 book Query.book books', '1 shelf Query.shelf books']);
});

test('plan: the operation by name, else the first', () => {
  const query = 'query A { me { id } } query B { book(id: 1) { id } }';
  assert.deepEqual(planned(query, { operationName: 'B' }).operation, { name: 'B', type: 'query' });
  assert.deepEqual(planned(query, { operationName: 'C' }).operation, { name: 'A', type: 'query' });
});

test('plan: what is missing or broken', async t => {
  const query = '{ me { id } }';
  for (const [name, options] of Object.entries({ 'no SDL': { sdl: null }, 'a broken SDL': { sdl: 'type {' }, 'no routes': { routes: null } })) {
    await t.test(name, () => {
      const { entries, levels, error, operation } = planned(query, options);
      assert.deepEqual({ entries, levels, error, operation }, { entries: [], levels: 0, error: '', operation: { name: '', type: 'query' } });
    });
  }
  for (const broken of ['', '{ me {', undefined, 'fragment F on Book { id }']) {
    await t.test(`a document ${JSON.stringify(broken)}`, () => {
      const { error, operation } = planned(broken);
      assert.notEqual(error, '');
      assert.equal(operation, null);
    });
  }
});

test('match: calls by route, whatever their times', () => {
  const of = planned('{ book(id: 1) { stock { left } owner { friends { id } } } }');
  const matched = match(of, {
    calls: [
      call('stocks', 'a.graphqls:Book.stock', 9, 1, { keys: 3 }),
      call('books', 'a.graphqls:Query.book', 1, 5),
      call('people', 'a.graphqls:Book.owner', 7, 3),
    ],
  });
  assert.deepEqual(assigned(matched), ['1 books book', '2 people book.owner', '2 stocks book.stock']);
  assert.deepEqual(
    matched.entries.map(entry => entry.state),
    ['called', 'called', 'called', 'none'],
  );
  assert.equal(matched.levels, 3);
});

test('match: calls of one route go to its levels in waves', () => {
  const of = planned('{ book(id: 1) { sequel { sequel { id } } } }');
  const sequel = (from, ms) => call('books', 'a.graphqls:Book.sequel', from, ms);
  const matched = match(of, { calls: [call('books', 'a.graphqls:Query.book', 0, 2), sequel(3, 4), sequel(4, 1), sequel(8, 1), sequel(10, 1)] });
  assert.deepEqual(assigned(matched), [
    '1 books book',
    '2 books book.sequel',
    '2 books book.sequel',
    '3 books book.sequel.sequel',
    '3 books book.sequel.sequel',
  ]);
});

test('match: a batch belongs to all fields of its level', () => {
  const of = planned('{ a: book(id: 1) { stock { left } } b: book(id: 2) { stock { left } } }');
  const matched = match(of, { calls: [call('stocks', 'a.graphqls:Book.stock', 3, 1, { keys: 2 })] });
  assert.deepEqual(assigned(matched), ['2 stocks a.stock b.stock']);
});

test('match: loaders by name, hand-written calls by service, others by time', () => {
  const of = planned('{ book(id: 1) { stock { left } score } }');
  const matched = match(of, {
    calls: [
      call('books', 'a.graphqls:Query.book', 0, 2),
      call('stocks', 'BookStock', 3, 0, { cache: 'hit', keys: 1 }),
      call('scores', 'somewhere else', 3, 2),
      call('unknown', 'x', 1, 1),
      call('unknown', 'x', 6, 1),
    ],
  });
  assert.deepEqual(assigned(matched), ['1 books book', '1 unknown', '2 stocks book.stock', '2 scores book.score', '3 unknown']);
  assert.deepEqual(
    matched.entries.map(entry => entry.state),
    ['called', 'cached', 'called'],
  );
});

test('match: of one service, the name of a loader and hand-written fields come before others', () => {
  const of = plan({
    query: '{ book(id: 1) { stock { left } owner { id } score } }',
    sdl,
    routes: [route('Book.stock', 'one'), route('Book.owner', 'one'), hand('Book.score', 'one')],
  });
  const explain = { calls: [call('one', 'BookOwner', 1, 0, { cache: 'hit' }), call('one', 'another', 2, 1)] };
  assert.deepEqual(assigned(match(of, explain)), ['1 one book.owner', '1 one book.score']);
});

test('match: without a plan, levels come from times and fields from routes', () => {
  const matched = match(planned('{ me { id } }', { sdl: null }), {
    calls: [
      call('people', 'a.graphqls:Query.me', 1, 2),
      call('books', 'y', 2, 4),
      call('stocks', 'z', 3, 1, { cache: 'hit' }),
      call('scores', 'v', 5, 2),
      call('films', 'w', 7, 1),
    ],
  });
  assert.deepEqual(assigned(matched), ['1 people', '1 books', '2 stocks', '2 scores', '3 films']);
  assert.deepEqual(matched.calls[0].fields, ['Query.me']);
});

test('match: states of entries', async t => {
  const query = '{ book(id: 1) { stock { left } owner { email friends { id } } } me { id } }';
  const states = (explain, errors) => match(planned(query), explain, errors).entries.map(({ state, code }) => state + (code && ` ${code}`));
  const error = (code, ...path) => ({ message: 'no', path, extensions: { code } });
  const failing = { calls: [call('stocks', 'a.graphqls:Book.stock', 1, 1, { code: 'DOWNSTREAM_TIMEOUT' })] };
  const cases = {
    'a cached answer': [{ cache: { status: 'hit' }, calls: [] }, [], ['cached', 'cached', 'cached', 'cached', 'cached']],
    'a call that failed': [failing, [], ['none', 'failed DOWNSTREAM_TIMEOUT', 'none', 'none', 'none']],
    'a denied field, and what is below it': [
      { calls: [] },
      [error('FORBIDDEN', 'book', 'owner')],
      ['none', 'none', 'denied FORBIDDEN', 'denied FORBIDDEN', 'none'],
    ],
    'a part of an entry': [
      { calls: [] },
      [error('UNAUTHENTICATED', 'book', 'owner', 'email')],
      ['none', 'none', 'denied UNAUTHENTICATED', 'none', 'none'],
    ],
    'an index in the path': [{ calls: [] }, [error('X', 'book', 'owner', 'friends', 0, 'id')], ['none', 'none', 'none', 'failed X', 'none']],
    'the whole request': [undefined, [{ message: 'slow down', extensions: { code: 'THROTTLED' } }], Array(5).fill('denied THROTTLED')],
    'a limit': [undefined, [{ extensions: { code: 'MAX_DEPTH_LIMIT' } }], Array(5).fill('denied MAX_DEPTH_LIMIT')],
    'an error without anything': [undefined, [null], Array(5).fill('failed')],
  };
  for (const [name, [explain, errors, want]] of Object.entries(cases)) await t.test(name, () => assert.deepEqual(states(explain, errors), want));
});

test('match: explanations of any form', () => {
  for (const explain of [null, 'text', 5, {}, { calls: 'none' }, { calls: [null, {}], cache: null }]) {
    const matched = match(planned('{ me { id } }'), explain, [5, {}, { path: 'me' }]);
    assert.deepEqual(
      matched.entries.map(entry => entry.state),
      ['failed'],
    );
  }
});

test('match: the same input gives the same result, and is not changed', () => {
  const of = planned('{ book(id: 1) { stock { left } score } }');
  const explain = { calls: [call('scores', 'x', 5, 1), call('books', 'a.graphqls:Query.book', 0, 2)] };
  const before = structuredClone({ of, explain });
  assert.deepEqual(match(of, explain), match(of, explain));
  assert.deepEqual({ of, explain }, before);
});
