// What is known of the chosen node, and what differs between two runs.
import { useState } from 'react';
import { Swatch } from './Picture.jsx';
import { Paths } from './Waterfall.jsx';
import { count, duration, numbersOf, stageNotes, stageText, stageTitles } from './words.js';

const explanations = {
  auth: `The token, the API key or the session says who calls. Fields with @authenticated, @requiresScopes or @policy
    are null for those who may not have them; no service is called for them.`,
  limits: `A document is validated and held against limits of depth, size and cost before anything is called. Then its
    cost is taken out of the bucket of the caller.`,
  cache: `An answer is kept for as long as the shortest @cacheControl of its fields. While it is fresh, services are not
    called. Equal requests at the same time share one answer.`,
  batching: `All objects of a level are loaded together: their keys go into one call, each once. Keys that are cached are
    not sent.`,
};

// Details describes the node with an id of the picture.
export function Details({ selected, sides }) {
  const [kind, name] = [selected.slice(0, selected.indexOf(':')), selected.slice(selected.indexOf(':') + 1)];
  if (kind === 'service') return <Service name={name} sides={sides} />;
  if (kind === 'stage') return <Stage name={name} sides={sides} />;
  const side = sides.find(one => one.frontend === name);
  return side ? <Frontend key={name} side={side} /> : null;
}

function Frontend({ side: { frontend, color, picture } }) {
  const [text, setText] = useState('');
  const routes = (picture?.routes ?? []).filter(route => `${route.field} ${route.service} ${route.call}`.toLowerCase().includes(text.toLowerCase()));
  const services = [...new Set(routes.map(route => route.service || ''))].sort();
  return (
    <section className="rt-details" tabIndex={0} aria-label={`Fields of ${frontend}`}>
      <h3>
        <span className="rt-swatch" style={{ background: color }} aria-hidden="true" /> Fields of {frontend}, by service
      </h3>
      {picture ? (
        <label className="rt-field">
          Filter
          <input type="search" value={text} onChange={event => setText(event.target.value)} placeholder="field, service or call" />
        </label>
      ) : (
        <p>Its routes are not available.</p>
      )}
      {picture && services.length === 0 && <p>No field is like that.</p>}
      {services.map(service => (
        <div key={service}>
          <h4>{service || 'not known: hand-written'}</h4>
          <Fields routes={routes.filter(route => (route.service || '') === service)} />
        </div>
      ))}
    </section>
  );
}

function Fields({ routes, position }) {
  return (
    <ul className="rt-routes">
      {routes.map((route, i) => (
        <li key={i}>
          <code>{route.field}</code>
          <span>
            {route.call}
            {route.each && ', a call for each object'}
          </span>
          {position && route.route && route.route !== `/${route.call}` && <span className="rt-position">{route.route}</span>}
        </li>
      ))}
    </ul>
  );
}

function Service({ name, sides }) {
  const service = sides.flatMap(side => side.picture?.services ?? []).find(one => one.name === name);
  return (
    <section className="rt-details" tabIndex={0} aria-label={`Service ${name}`}>
      <h3>{name}</h3>
      {service && (
        <>
          <p>
            {service.protocol} service, health: {service.status === 'unknown' ? 'not checked' : service.status}
          </p>
          <h4>Endpoints</h4>
          <ul className="rt-routes">
            {(service.endpoints ?? []).map(({ address, version, available, open }) => (
              <li key={`${address} ${version}`}>
                <code>{address}</code>
                <span>
                  {version && `version ${version}, `}
                  {available ? '● available' : '■ not available'}, {count(open ?? 0, 'open call')}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      {sides.map(({ frontend, color, picture }) => {
        const routes = (picture?.routes ?? []).filter(route => route.service === name);
        return (
          <div key={frontend}>
            <h4>
              <span className="rt-swatch" style={{ background: color }} aria-hidden="true" /> {count(routes.length, 'field')} of {frontend}
            </h4>
            <Fields routes={routes} position />
          </div>
        );
      })}
    </section>
  );
}

function Stage({ name, sides }) {
  return (
    <section className="rt-details" tabIndex={0} aria-label={stageTitles[name]}>
      <h3>{stageTitles[name]}</h3>
      <p>{stageNotes[name]}.</p>
      <p>{explanations[name]}</p>
      {sides.map(
        ({ frontend, color, run }) =>
          run && (
            <div key={frontend}>
              <h4>
                <Swatch name={`${frontend} ${run.name}`} color={color} />
                {stageText(run, name)}
              </h4>
              <ul className="rt-routes">
                {factsOf(run.explain, name).map(([what, text], i) => (
                  <li key={i}>
                    <code>{what}</code>
                    <span>{text}</span>
                  </li>
                ))}
              </ul>
            </div>
          ),
      )}
    </section>
  );
}

// factsOf are what an explanation says of a stage: which rights fields require,
// and what costs most.
function factsOf(explain, stage) {
  if (stage === 'auth')
    return list(explain?.rights).map(({ field, requires, denied }) => [field, `${denied ? '⊘ denied' : '✓ allowed'}: ${list(requires).join(', ')}`]);
  if (stage !== 'limits') return [];
  return list(explain?.cost?.terms).map(({ path, length, weight, cost }) => [path || 'mutation', `${length} × ${weight}, with all below it ${cost}`]);
}

const list = value => (Array.isArray(value) ? value : []);

// Differences compares what two runs ask of each service.
export function Differences({ sides }) {
  const services = [...new Set(sides.flatMap(side => side.run.matched.calls.map(call => call.service)))].sort();
  const columns = [
    ['Calls', of => of.calls, String],
    ['Keys', of => of.keys, String],
    ['Cached', of => of.cached.length, String],
    ['Time', of => of.ms, duration],
  ];
  return (
    <section aria-label="Differences">
      <h3>Differences by service</h3>
      <div className="rt-scroll" tabIndex={0} role="region" aria-label="Table of differences">
        <table className="rt-differences">
          <thead>
            <tr>
              <th scope="col">Service</th>
              {columns.map(([title]) =>
                sides.map(side => <th key={title + side.frontend} scope="col" className="rt-number">{`${title}, ${side.frontend}`}</th>),
              )}
              {sides.map(side => (
                <th key={side.frontend} scope="col">{`Fields, ${side.frontend}`}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {services.map(service => {
              const numbers = sides.map(side => numbersOf(side.run, service));
              return (
                <tr key={service}>
                  <th scope="row">{service}</th>
                  {columns.map(([title, of, show]) => {
                    const differ = show(of(numbers[0])) !== show(of(numbers[1]));
                    return numbers.map((one, i) => (
                      <td key={title + i} className={`rt-number${differ && title !== 'Time' ? ' rt-differs' : ''}`}>
                        {show(of(one))}
                      </td>
                    ));
                  })}
                  {numbers.map((one, i) => (
                    <td key={i}>{one.fields.length > 0 ? <Paths paths={one.fields} /> : '–'}</td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
