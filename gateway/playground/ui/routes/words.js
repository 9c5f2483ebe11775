// What the picture says of runs, in words.
import { stages } from './layout.js';

export const count = (n, word) => `${n.toLocaleString('en')} ${word}${n === 1 ? '' : word.endsWith('s') ? 'es' : 's'}`;

export function duration(ms) {
  if (!Number.isFinite(ms)) return '';
  const digits = ms < 1 ? 2 : ms < 10 ? 1 : 0;
  return `${Number(ms.toFixed(digits))} ms`;
}

const sum = (list, of) => list.reduce((all, one) => all + (of(one) ?? 0), 0);

// made reports whether a call reached its service: others were answered by the cache.
export const made = call => !call.cache;

// cached reports whether the whole answer came from the cache.
export const cached = run => ['hit', 'stale', 'coalesced'].includes(run.explain?.cache?.status);

// stoppedAt is the stage at which a request turned around, or empty if it passed
// all of them; it is no stage if the request did not get to the gateway. What was
// refused as a whole has no explanation.
export function stoppedAt(run) {
  if (run.answer.status === 0) return 'frontend';
  if (cached(run)) return 'cache';
  if (run.explain || run.matched.problems.length === 0) return '';
  return authDenials(run).length > 0 ? 'auth' : 'limits';
}

const authDenials = run => run.matched.problems.filter(one => ['UNAUTHENTICATED', 'FORBIDDEN'].includes(one.code));

// numbersOf counts the calls of a run to a service, at one level or at all.
export function numbersOf(run, service, level) {
  const at = one => one.service === service && (!level || one.level === level);
  const calls = run.matched.calls.filter(at);
  const entries = run.matched.entries.filter(at);
  return {
    calls: calls.filter(made).length,
    keys: sum(calls.filter(made), call => call.keys),
    cached: calls.filter(call => !made(call)),
    ms: sum(calls.filter(made), call => call.ms),
    failed: calls.filter(call => call.code),
    denied: entries.filter(entry => entry.state === 'denied' && entry.calls.length === 0),
    fields: [...new Set(entries.filter(entry => entry.calls.length > 0).map(entry => entry.path))],
    levels: [...new Set(calls.map(call => call.level))].sort((a, b) => a - b),
  };
}

// serviceText is the line of a service about a run, for a level what it answers
// there; empty if it is not called.
export function serviceText({ calls, keys, cached: found, levels, fields }, level) {
  const parts = [];
  if (calls > 0) parts.push(count(calls, 'call') + (keys > 0 ? `, ${count(keys, 'key')}` : ''));
  if (found.length > 0) parts.push(`${found.length} ${[...new Set(found.map(call => (call.cache === 'hit' ? 'cached' : call.cache)))].join(', ')}`);
  if (parts.length === 0) return '';
  if (!level) parts.push(`level ${levels.join(', ')}`);
  else if (fields.length > 0) parts.push(fields.map(path => path.split('.').at(-1)).join(', '));
  return parts.join(' · ');
}

// marksOf are the failures and denials of a service: {kind, text}.
export function marksOf({ failed, denied }) {
  const mark = (kind, sign, list) => (list.length > 0 ? [{ kind, text: `${sign} ${list[0].code}${list.length > 1 ? ` ×${list.length}` : ''}` }] : []);
  return [...mark('bad', '✕', failed), ...mark('warn', '⊘', denied)];
}

export const stageTitles = { auth: 'Authentication', limits: 'Limits', cache: 'Cache', batching: 'Batching' };

export const stageNotes = {
  auth: 'Who calls, and which fields they may have',
  limits: 'A valid document, its cost, the rate',
  cache: 'Whole answers that are still fresh',
  batching: 'Keys of many objects in one call',
};

// stageText is what a stage did in a run; short leaves details out.
export function stageText(run, stage, short) {
  const { explain, matched } = run;
  const stop = stoppedAt(run);
  if (stop && stages.indexOf(stage) > stages.indexOf(stop)) return 'not reached';
  switch (stage) {
    case 'auth': {
      const denials = authDenials(run);
      if (denials.length > 0) return `⊘ ${count(denials.length, 'part')} denied: ${denials[0].code}`;
      return explain?.caller ? (explain.caller.authenticated ? 'signed in' : 'not signed in') : 'passed';
    }
    case 'limits':
      if (stop === 'limits') return `✕ ${matched.problems[0].code || 'refused'}`;
      return explain?.cost?.requestedQueryCost !== undefined ? costText(explain.cost, short) : 'passed';
    case 'cache':
      return explain?.cache ? `${explain.cache.status}${policyText(explain.cache)}` : 'unknown';
    default:
      if (!explain) return 'unknown';
      return batchText(matched.calls.filter(made), short);
  }
}

function costText({ requestedQueryCost: most, actualQueryCost: actual, throttleStatus: bucket }, short) {
  if (short) return `cost ${actual ?? '–'} of ${most}`;
  const left = bucket ? `, ${Math.floor(bucket.currentlyAvailable).toLocaleString('en')} left` : '';
  return `cost ${actual ?? '–'} of at most ${most}${left}`;
}

const policyText = ({ maxAge, scope }) => (maxAge > 0 ? ` · ${String(scope).toLowerCase()}, ${maxAge} s` : ' · not cacheable');

function batchText(calls, short) {
  if (calls.length === 0) return 'no calls';
  const batches = calls.filter(call => call.keys > 0);
  const rest = calls.length - batches.length;
  if (batches.length === 0) return count(rest, 'single call');
  return `${count(
    sum(batches, call => call.keys),
    'key',
  )} in ${count(batches.length, 'call')}${rest > 0 && !short ? `, ${rest} single` : ''}`;
}

// stepsOf are the steps of the picture: {kind, level, title, text}.
export function stepsOf(runs) {
  if (runs.length === 0) return [];
  const levels = Math.max(0, ...runs.flatMap(run => run.matched.calls.map(call => call.level)));
  const steps = [
    { kind: 'gateway', level: 0, title: 'Gateway', text: runs.map(run => `cache ${run.explain?.cache?.status ?? 'not known'}`).join(' · ') },
  ];
  for (let level = 1; level <= levels; level++) {
    steps.push({ kind: 'level', level, title: `Level ${level}`, text: runs.map(run => levelText(run, level)).join(' · ') });
  }
  steps.push({ kind: 'answer', level: 0, title: 'Answer', text: runs.map(run => duration(run.explain?.ms ?? run.answer.ms)).join(' · ') });
  return steps;
}

function levelText(run, level) {
  const calls = run.matched.calls.filter(call => call.level === level);
  const found = calls.filter(call => !made(call)).length;
  return found > 0 && found === calls.length ? `${found} cached` : count(calls.length - found, 'call') + (found > 0 ? `, ${found} cached` : '');
}

// plannedSteps are the steps that plans foresee, before they are run.
export function plannedSteps(plans) {
  const levels = Math.max(0, ...plans.map(one => one.levels));
  const steps = [{ kind: 'gateway', level: 0, title: 'Gateway', text: 'checks the request' }];
  for (let level = 1; level <= levels; level++) {
    const paths = plans.flatMap(one => one.entries.filter(entry => entry.level === level).map(entry => entry.path.split('.').at(-1)));
    steps.push({ kind: 'level', level, title: `Level ${level}`, text: [...new Set(paths)].join(', ') });
  }
  return [...steps, { kind: 'answer', level: 0, title: 'Answer', text: 'not run yet' }];
}

// sentence is the result of a run.
export function sentence(run) {
  const { explain, matched, answer } = run;
  const calls = matched.calls.filter(made);
  const name = `${run.frontend} ${run.name}`;
  const took = duration(explain?.ms ?? answer.ms);
  const problems =
    matched.problems.length > 0
      ? `, ${count(matched.problems.length, 'error')} (${[...new Set(matched.problems.map(one => one.code || one.message))].join(', ')})`
      : '';
  if (!explain) return `${name}: ${took}, not explained${problems}`;
  if (cached(run)) return `${name}: answered by the cache (${explain.cache.status}), no service called, ${took}${problems}`;
  const services = new Set(calls.map(call => call.service)).size;
  const levels = new Set(matched.calls.map(call => call.level)).size;
  const found = matched.calls.length - calls.length;
  const cost = explain.cost?.actualQueryCost ?? explain.cost?.requestedQueryCost;
  const parts = [
    calls.length > 0 ? `${count(calls.length, 'call')} to ${count(services, 'service')} on ${count(levels, 'level')}` : 'no calls',
    took,
  ];
  if (found > 0) parts.splice(1, 0, `${found} from the cache`);
  if (cost !== undefined) parts.push(`cost ${cost}`);
  return `${name}: ${parts.join(', ')}${problems}`;
}
