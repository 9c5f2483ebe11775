// The waterfall: a table of the calls of a run, with a bar for the time of each.
import { Fragment, useState } from 'react';
import { cached, duration, made } from './words.js';

const reasons = { cached: 'cached answer', denied: 'denied', failed: 'not reached', none: 'nothing to load' };

// The columns beside the service and the time: title, class, and what a row has there.
const columns = [
  ['Fields', '', row => <Paths paths={row.fields} />],
  ['Call', 'rt-more', row => row.call],
  ['Keys', 'rt-less rt-number', row => row.keys],
  ['Cache', 'rt-less', row => row.cache],
  ['Attempts', 'rt-more rt-number', row => row.attempts],
  ['Endpoint', 'rt-more', row => row.endpoint],
  ['Status', 'rt-less rt-status', row => <Broken text={row.status} at="_" />],
  ['From', 'rt-more rt-number', row => duration(row.from)],
  ['Took', 'rt-number', row => duration(row.took)],
];

// Waterfall shows a run; until is the time in milliseconds where its axis ends.
export function Waterfall({ run, color, until }) {
  const [open, setOpen] = useState('');
  const name = `${run.frontend} ${run.name}`;
  return (
    <section className="rt-waterfall" style={{ '--rt-lane': color }} aria-label={`Calls of ${name}`}>
      <h3>
        <span className="rt-swatch" aria-hidden="true" /> {name}
      </h3>
      <div className="rt-scroll" tabIndex={0} role="region" aria-label={`Table of calls of ${name}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Service</th>
              {columns.map(([title, className]) => (
                <th key={title} scope="col" className={className}>
                  {title}
                </th>
              ))}
              <th scope="col" className="rt-time">
                0 to {duration(until)}
              </th>
            </tr>
          </thead>
          <tbody>
            {rowsOf(run).map(row => (
              <Row key={row.id} row={row} until={until} open={open === row.id} toggle={() => setOpen(open === row.id ? '' : row.id)} />
            ))}
          </tbody>
        </table>
      </div>
      {run.explain?.more > 0 && <p>{run.explain.more} more calls are not listed.</p>}
    </section>
  );
}

function Row({ row, until, open, toggle }) {
  const share = ms => `${Math.max(0, Math.min(100, (ms / until) * 100))}%`;
  return (
    <>
      <tr className={`rt-${row.kind}`}>
        <th scope="row">
          <button type="button" aria-expanded={open} onClick={toggle}>
            {row.service}
          </button>
        </th>
        {columns.map(([title, className, cell]) => (
          <td key={title} className={className}>
            {cell(row)}
          </td>
        ))}
        <td className="rt-time">
          {row.kind === 'absent' ? (
            <span className="rt-hatched">{row.reason}</span>
          ) : (
            <span className="rt-track">
              <span className="rt-bar" style={{ left: share(row.from), width: share(row.took) }} />
            </span>
          )}
        </td>
      </tr>
      {open && (
        <tr className="rt-detail">
          <td colSpan={columns.length + 2}>
            <Facts row={row} />
          </td>
        </tr>
      )}
    </>
  );
}

// Paths has a line for each path.
export function Paths({ paths }) {
  return paths.map(path => (
    <span key={path} className="rt-path">
      <Broken text={path} at="." />
    </span>
  ));
}

// Broken is a text that can be broken after a character.
function Broken({ text = '', at }) {
  return text.split(at).map((part, i) => (
    <Fragment key={i}>
      {i > 0 && at}
      {i > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

function Facts({ row }) {
  const facts = Object.entries(row.facts).filter(([, value]) => value !== undefined && value !== '' && value !== 0);
  return (
    <dl>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

// rowsOf are the gateway's own time, the calls, and the parts of the plan without one.
function rowsOf({ matched, explain, plan }) {
  const rows = [];
  if (explain) {
    const facts = { What: 'The document is read, validated and planned, and its limits are checked', Document: explain.document };
    rows.push({ id: 'gateway', kind: 'own', service: 'gateway', fields: ['prepare'], from: 0, took: explain.preparedMs, facts });
  }
  matched.calls.forEach((call, i) => rows.push(rowOf(call, `call ${i}`, matched, plan)));
  matched.entries.forEach((entry, i) => {
    if (entry.calls.length > 0) return;
    const facts = { Field: entry.field, Level: entry.level, Call: entry.call, Route: entry.route, Code: entry.code };
    const reason = cached({ explain }) ? reasons.cached : reasons[entry.state];
    rows.push({
      id: `entry ${i}`,
      kind: 'absent',
      service: entry.service || 'not known',
      fields: [entry.path],
      call: entry.call,
      status: entry.code,
      reason: `not called: ${reason}`,
      facts,
    });
  });
  return rows;
}

function rowOf(call, id, matched, plan) {
  const entries = call.entries.map(i => matched.entries[i]);
  const route = plan.routes.find(one => one.route && one.route === call.route);
  const what = entries[0]?.call && entries[0].call !== 'Go method' ? entries[0].call : (route?.call ?? call.route);
  const fields = entries.length > 0 ? entries.map(entry => entry.path) : call.fields;
  const facts = {
    Fields: call.fields.join(', '),
    Level: call.level,
    Call: what,
    Route: call.route,
    Version: call.version,
    Keys: call.keys,
    Cache: call.cache && `${call.cache}: the service was not called`,
    Attempts: call.attempts,
    Endpoint: call.endpoint,
    Status: call.status,
    Bytes: call.bytes,
    Code: call.code,
    Began: duration(call.fromMs),
    Took: duration(call.ms),
  };
  const status = [call.status, call.code].filter(Boolean).join(' ') || (made(call) ? 'ok' : '');
  const kind = call.code ? 'failed' : made(call) ? 'call' : 'kept';
  return {
    id,
    kind,
    service: call.service,
    fields,
    call: what,
    keys: call.keys,
    cache: call.cache,
    attempts: call.attempts,
    endpoint: call.endpoint,
    status,
    from: call.fromMs ?? 0,
    took: call.ms ?? 0,
    facts,
  };
}
