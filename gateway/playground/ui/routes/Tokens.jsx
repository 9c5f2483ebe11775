// What travels on the lines of the picture.
import { useEffect, useRef } from 'react';
import { stages } from './layout.js';
import { count, made, stoppedAt } from './words.js';

const lasts = { gateway: 1400, level: 1500, answer: 1100 }; // milliseconds at normal speed
const still = 900; // how long a step is shown where motion is reduced

const reduced = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

// Tokens moves what travels at a step, and calls onDone when it has arrived.
export function Tokens({ svg, step, sides, edges, playing, speed, onDone }) {
  const tokens = sides.flatMap((side, lane) => (side.run ? tokensOf(step, side, lane, edges) : []));
  const group = useRef(null);
  const phase = useRef(0);
  const done = useRef(onDone);
  done.current = onDone;
  useEffect(() => {
    if (!playing) return undefined;
    const quiet = reduced();
    const length = (quiet ? still : lasts[step.kind]) / speed;
    let before;
    let frame;
    const draw = now => {
      phase.current += before === undefined ? 0 : (now - before) / length;
      before = now;
      if (!quiet) move(svg.current, group.current, phase.current);
      if (phase.current < 1) frame = requestAnimationFrame(draw);
      else done.current();
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [svg, step, playing, speed]);
  return (
    <g ref={group}>
      {tokens.map(({ id, color, text, path, trip }) => (
        <g key={id} className="rt-token" data-path={path.join(' ')} data-trip={trip} style={{ '--rt-lane': color }} visibility="hidden">
          {text ? <rect x={-6 - text.length * 3.3} y={-11} width={12 + text.length * 6.6} height={22} rx={11} /> : <circle r={8} />}
          {text && <text y={4}>{text}</text>}
        </g>
      ))}
    </g>
  );
}

// tokensOf are the tokens of a side at a step: along which lines, and whether
// there, back, or both.
function tokensOf(step, { run, color, frontend }, lane, edges) {
  const has = new Set(edges.map(edge => edge.id));
  const stop = stoppedAt(run) || 'batching';
  const way = stages.slice(0, stages.indexOf(stop) + 1).map(stage => `stage:${stage}/${lane}`);
  if (step.kind !== 'level') return [{ id: frontend, color, text: '', path: way, trip: step.kind === 'gateway' ? 'there' : 'back' }];
  const groups = new Map();
  for (const call of run.matched.calls.filter(one => one.level === step.level && made(one))) {
    const { calls = 0, keys = 0 } = groups.get(call.service) ?? {};
    groups.set(call.service, { calls: calls + 1, keys: keys + (call.keys ?? 0) });
  }
  return [...groups].flatMap(([service, { calls, keys }]) => {
    const id = `service:${service}/${lane}`;
    return has.has(id) ? [{ id, color, text: keys > 0 ? count(keys, 'key') : count(calls, 'call'), path: [id], trip: 'both' }] : [];
  });
}

// move puts tokens where they are when a part of the step, 0 to 1, is over.
function move(svg, group, part) {
  for (const token of group?.children ?? []) {
    const { path, trip } = token.dataset;
    const t = trip === 'there' ? part : trip === 'back' ? 1 - part : 1 - Math.abs(1 - 2 * ease(part));
    const lines = path.split(' ').flatMap(id => svg.querySelector(`[data-edge="${CSS.escape(id)}"]`) ?? []);
    if (lines.length === 0) continue;
    const at = Math.max(0, Math.min(t, 0.9999)) * lines.length;
    const line = lines[Math.floor(at)];
    const { x, y } = line.getPointAtLength((at % 1) * line.getTotalLength());
    token.setAttribute('transform', `translate(${x} ${y})`);
    token.setAttribute('visibility', part > 0 && part < 1 ? 'visible' : 'hidden');
  }
}

const ease = t => t * t * (3 - 2 * t);
