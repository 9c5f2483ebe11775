// The picture: frontends, the gateway's stages and services, with lines between them.
import { useLayoutEffect, useRef, useState } from 'react';
import { layout, narrow, stages } from './layout.js';
import { Tokens } from './Tokens.jsx';
import { count, duration, made, marksOf, numbersOf, serviceText, stageNotes, stageText, stageTitles, stoppedAt } from './words.js';

const health = { ok: ['●', 'ok'], down: ['■', 'down'], unknown: ['○', 'not checked'] };

// Picture draws sides, which are one or two of {frontend, color, picture, run},
// at a step of their runs.
export function Picture({ frontends, sides, step, playing, speed, onStepDone, selected, onSelect }) {
  const box = useRef(null);
  const width = useWidth(box);
  const services = servicesOf(sides, step);
  const laneOf = name => sides.findIndex(side => side.frontend === name);
  const placed = layout({
    width,
    frontends: frontends.map(({ name }) => ({ name, lane: laneOf(name) < 0 ? undefined : laneOf(name) })),
    services: services.map(({ name, fields, h }) => ({ name, h, fields })),
  });
  const node = (id, className, content, color) => {
    const { x, y, w, h } = placed.nodes[id];
    return (
      <button
        key={id}
        type="button"
        className={`rt-node ${className}`}
        style={{ left: x, top: y, width: w, height: h, '--rt-lane': color }}
        aria-pressed={selected === id}
        onClick={() => onSelect(id)}
      >
        {content}
      </button>
    );
  };
  const { gateway } = placed;
  return (
    <div className="rt-picture" ref={box} style={{ height: placed.height }} role="group" aria-label="Routes">
      <Lines placed={placed} sides={sides} services={services} step={step} playing={playing} speed={speed} onStepDone={onStepDone} />
      <div className="rt-gateway" style={{ left: gateway.x, top: gateway.y, width: gateway.w, height: gateway.h }}>
        Gateway
      </div>
      {frontends.map(({ name }) => {
        const side = sides[laneOf(name)];
        return node(
          `frontend:${name}`,
          side ? `rt-frontend rt-lane-${laneOf(name)}` : 'rt-frontend rt-quiet',
          <FrontendCard name={name} side={side} />,
          side?.color,
        );
      })}
      {stages.map(stage => node(`stage:${stage}`, 'rt-stage', <StageCard stage={stage} sides={sides} />))}
      {services.map(service => node(`service:${service.name}`, `rt-service${service.quiet ? ' rt-quiet' : ''}`, <ServiceCard service={service} />))}
    </div>
  );
}

function useWidth(box) {
  const [width, setWidth] = useState(960);
  useLayoutEffect(() => {
    const measure = () => setWidth(Math.max(280, box.current.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [box]);
  return width;
}

// servicesOf are the cards of services, those that the sides use first.
function servicesOf(sides, step) {
  const byName = new Map();
  for (const { picture, run } of sides) {
    for (const service of picture?.services ?? []) byName.set(service.name, service);
    for (const { service: name } of [...(picture?.routes ?? []), ...(run?.matched.calls ?? [])]) {
      if (name && !byName.has(name)) byName.set(name, { name });
    }
  }
  const list = [...byName.values()].map(service => {
    const routes = sides.map(side => (side.picture?.routes ?? []).filter(route => route.service === service.name).map(route => route.field));
    const lines = sides.map(side => lineOf(side, service.name, step));
    const marks = sides.flatMap(side =>
      side.run ? marksOf(numbersOf(side.run, service.name, step?.level)).map(mark => ({ ...mark, color: side.color })) : [],
    );
    const fields = routes.map((of, i) => Math.max(of.length, sides[i].run?.matched.calls.some(call => call.service === service.name) ? 1 : 0));
    const unused = fields.every(n => n === 0);
    const ran = sides.some(side => side.run);
    const rows = unused ? 0 : ran ? sides.length + marks.length : 1;
    return {
      ...service,
      routes,
      fields,
      lines,
      marks,
      unused,
      ran,
      quiet: unused || (ran && lines.every(line => !line.text) && marks.length === 0),
      h: 60 + 21 * rows,
    };
  });
  return list.sort((a, b) => a.unused - b.unused || (a.name < b.name ? -1 : 1));
}

function lineOf({ frontend, color, run }, service, step) {
  const numbers = run && numbersOf(run, service, step?.level);
  return { frontend, color, text: numbers ? serviceText(numbers, step?.level) : '', none: step?.level ? 'not on this level' : 'not called' };
}

function FrontendCard({ name, side }) {
  const routes = side?.picture?.routes;
  const services = new Set(routes?.map(route => route.service).filter(Boolean)).size;
  const text = side?.run
    ? [side.run.name, duration(side.run.explain?.ms ?? side.run.answer.ms)]
    : routes
      ? [count(routes.length, 'routed field'), count(services, 'service')]
      : [side ? 'routes not available' : 'show its routes'];
  return (
    <>
      <strong>{name}</strong>
      {text.map(line => (
        <span key={line} className="rt-line">
          {line}
        </span>
      ))}
    </>
  );
}

function StageCard({ stage, sides }) {
  const ran = sides.filter(side => side.run);
  return (
    <>
      <strong>{stageTitles[stage]}</strong>
      {ran.length === 0 && <span className="rt-note">{stageNotes[stage]}</span>}
      {ran.map(({ frontend, color, run }) => (
        <span key={frontend} className={ran.length === 1 ? 'rt-note' : 'rt-line'}>
          {ran.length > 1 && <Swatch name={frontend} color={color} />}
          {stageText(run, stage, ran.length > 1)}
        </span>
      ))}
    </>
  );
}

function ServiceCard({ service: { name, protocol, status, endpoints = [], routes, lines, marks, unused, ran } }) {
  const [shape, word] = health[status] ?? health.unknown;
  const fields = [...new Set(routes.flat())];
  return (
    <>
      <span className="rt-head">
        <strong>{name}</strong>
        {protocol && <span className="rt-tag">{protocol}</span>}
      </span>
      <span className="rt-line">
        {protocol ? (
          <>
            <span className={`rt-health rt-${status ?? 'unknown'}`}>{shape}</span> {word} · {count(endpoints.length, 'endpoint')}
          </>
        ) : (
          'health and endpoints not available'
        )}
        {unused && ' · answers no field'}
      </span>
      {!unused && !ran && <span className="rt-line rt-fields">{fields.join(', ')}</span>}
      {!unused &&
        ran &&
        lines.map(({ frontend, color, text, none }) => (
          <span key={frontend} className="rt-line rt-result">
            {lines.length > 1 && <Swatch name={frontend} color={color} />}
            {text || none}
          </span>
        ))}
      {marks.map(({ kind, text, color }, i) => (
        <span key={i} className={`rt-line rt-mark rt-${kind}`}>
          {lines.length > 1 && <span className="rt-swatch" style={{ background: color }} aria-hidden="true" />}
          {text}
        </span>
      ))}
    </>
  );
}

export function Swatch({ name, color }) {
  return (
    <>
      <span className="rt-swatch" style={{ background: color }} aria-hidden="true" />
      {name}:{' '}
    </>
  );
}

function Lines({ placed, sides, services, step, playing, speed, onStepDone }) {
  const svg = useRef(null);
  const { width, height, edges } = placed;
  const drawn = edges.map(edge => ({ ...edge, state: stateOf(edge, sides[edge.lane], step) }));
  drawn.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  return (
    <svg ref={svg} className="rt-lines" width={width} height={height} aria-hidden="true">
      {drawn.map(edge => (
        <path
          key={edge.id}
          data-edge={edge.id}
          d={edge.d}
          className={`rt-edge rt-lane-${edge.lane} ${edge.state}`}
          style={{ '--rt-lane': sides[edge.lane].color }}
        />
      ))}
      <Labels edges={edges} services={services} brief={width < narrow && sides.length > 1} />
      {step && <Tokens key={step.title} svg={svg} step={step} sides={sides} edges={edges} playing={playing} speed={speed} onDone={onStepDone} />}
    </svg>
  );
}

// Where lines overlap, those that carry something are seen.
const order = ['rt-idle', '', 'rt-active rt-failed', 'rt-active rt-cached', 'rt-active'];

// stateOf is the class of a line: whether something travels on it at a step.
function stateOf({ to }, { run }, step) {
  if (!run || !step) return '';
  if (!to.startsWith('service:')) {
    const stop = stoppedAt(run);
    const reached = !stop || stages.findIndex(stage => to === `stage:${stage}`) <= stages.indexOf(stop);
    return reached ? (step.kind === 'level' ? '' : 'rt-active') : 'rt-idle';
  }
  const calls = run.matched.calls.filter(call => `service:${call.service}` === to && (!step.level || call.level === step.level));
  if (step.kind === 'gateway' || calls.length === 0) return 'rt-idle';
  if (calls.some(call => call.code)) return 'rt-active rt-failed';
  return calls.some(made) ? 'rt-active' : 'rt-active rt-cached';
}

// Labels has the number of fields of each service, once for both frontends.
function Labels({ edges, services, brief }) {
  return services.map(({ name, routes }) => {
    const own = edges.filter(edge => edge.to === `service:${name}`).sort((a, b) => a.lane - b.lane);
    const numbers = own.map(edge => routes[edge.lane].length);
    if (own.length === 0 || numbers.every(n => n === 0)) return null;
    const y = own.reduce((all, edge) => all + edge.label.y, 0) / own.length;
    const text = numbers.join(' · ') + (brief ? '' : numbers.join() === '1' ? ' field' : ' fields');
    const w = 12 + text.length * 6.3;
    return (
      <g key={name} className="rt-label" transform={`translate(${own[0].label.x} ${y})`}>
        <rect x={-w / 2} y={-10} width={w} height={20} rx={10} />
        <text y={4}>{text}</text>
      </g>
    );
  });
}
