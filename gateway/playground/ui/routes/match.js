// What an operation did call: actual calls and errors, assigned to its plan.

const denials = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'THROTTLED', 'CSRF_BLOCKED', 'COST_ESTIMATED_TOO_EXPENSIVE', 'INTROSPECTION_DISABLED']);

// denied reports whether a code of a problem says that the caller may not.
export const denied = code => denials.has(code) || /^MAX_\w+_LIMIT$/.test(code ?? '');

// match assigns the calls of an explanation to the entries of a plan, and the
// errors of the answer to those they concern. It returns {calls, entries,
// levels, problems}: calls in the order of their beginnings, each with its
// level, its entries (indexes) and fields (coordinates); entries, each with its
// calls (indexes), its state and the code of its problem. States: called, cached,
// failed, denied, none (there was nothing to load). A call belongs to the
// entries of its route; or of its name, which loaders that answer from the cache
// give; or to hand-written entries of its service. What is known only by time is
// a guess: a call that begins after another has ended is one level below it.
export function match(plan, explain, errors = []) {
  const listed = Array.isArray(explain?.calls) ? explain.calls.filter(Boolean) : [];
  const calls = [...listed].sort((a, b) => start(a) - start(b)).map(call => ({ ...call, level: 0, entries: [], fields: [] }));
  const entries = plan.entries.map(entry => ({ ...entry, calls: [], state: 'none', code: '' }));
  const assigned = new Set();
  for (const candidates of [byRoute, byName, byHand, byService]) assign(calls, entries, assigned, candidates);
  calls.forEach((call, index) => {
    call.level ||= levelByTime(call, calls.slice(0, index));
    call.fields = call.entries.map(i => entries[i].field);
    if (call.fields.length === 0 && call.route) call.fields = plan.routes.filter(r => r.route === call.route).map(r => r.field);
    for (const i of call.entries) entries[i].calls.push(index);
  });
  for (const entry of entries)
    settle(
      entry,
      entry.calls.map(i => calls[i]),
      explain,
    );
  const problems = [...errors].map(problem);
  for (const one of problems) blame(one, entries);
  return { calls, entries, levels: Math.max(0, plan.levels, ...calls.map(call => call.level)), problems };
}

const start = call => call.fromMs ?? 0;
const end = call => start(call) + (call.ms ?? 0);
const letters = text => (text ?? '').toLowerCase().replace(/[^a-z0-9]/g, '');

const byRoute = (call, entry) => call.route && call.route === entry.route;
const byName = (call, entry) => call.service === entry.service && letters(call.route) === letters(entry.field);
const byHand = (call, entry) => !entry.route && (call.service === entry.service || !entry.service);
const byService = (call, entry, free) => call.service === entry.service && free;

// assign gives calls that have no entries yet those that fit. Entries that fit
// the same calls are taken level by level, the calls in waves: those that
// overlap in time. The last level has the waves that are left.
function assign(calls, entries, assigned, fits) {
  const groups = new Map();
  for (const call of calls.filter(one => one.entries.length === 0)) {
    const fitting = entries.flatMap((entry, i) => (fits(call, entry, !assigned.has(i)) ? [i] : []));
    if (fitting.length === 0) continue;
    const key = fitting.join();
    groups.set(key, { fitting, calls: [...(groups.get(key)?.calls ?? []), call] });
  }
  for (const { fitting, calls: of } of groups.values()) {
    const levels = [...new Set(fitting.map(i => entries[i].level))].sort((a, b) => a - b);
    wavesOf(of).forEach((wave, n) => {
      const level = levels[Math.min(n, levels.length - 1)];
      for (const call of wave) Object.assign(call, { level, entries: fitting.filter(i => entries[i].level === level) });
    });
    for (const call of of) call.entries.forEach(i => assigned.add(i));
  }
}

function wavesOf(calls) {
  const waves = [];
  let until = -Infinity;
  for (const call of calls) {
    if (start(call) >= until) waves.push([]);
    waves.at(-1).push(call);
    until = Math.max(until, end(call));
  }
  return waves;
}

// levelByTime is one more than the level of calls that had ended; what the cache
// had ends at once, and says nothing.
function levelByTime(call, earlier) {
  return 1 + Math.max(0, ...earlier.filter(one => !one.cache && end(one) <= start(call)).map(one => one.level));
}

// settle decides the state of an entry by its calls.
function settle(entry, calls, explain) {
  const failed = calls.find(call => call.code);
  if (failed) Object.assign(entry, { state: denied(failed.code) ? 'denied' : 'failed', code: failed.code });
  else if (calls.length > 0) entry.state = calls.every(call => call.cache) ? 'cached' : 'called';
  else if (['hit', 'stale', 'coalesced'].includes(explain?.cache?.status)) entry.state = 'cached';
}

function problem(error) {
  const path = Array.isArray(error?.path) ? error.path.filter(part => typeof part === 'string').join('.') : '';
  const code = String(error?.extensions?.code ?? '');
  return { path, code, message: String(error?.message ?? ''), denied: denied(code) };
}

// blame marks the entries that a problem concerns: those at its path and below,
// which have no values; else the closest one above.
function blame({ path, code, denied: is }, entries) {
  let concerned = entries.filter(entry => !path || within(entry.path, path));
  if (concerned.length === 0) {
    const above = entries.filter(entry => within(path, entry.path));
    const longest = Math.max(0, ...above.map(entry => entry.path.length));
    concerned = above.filter(entry => entry.path.length === longest);
  }
  for (const entry of concerned) Object.assign(entry, { state: is ? 'denied' : 'failed', code: code || entry.code });
}

const within = (path, above) => path === above || path.startsWith(above + '.');
