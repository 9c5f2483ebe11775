// Where the nodes and edges of the picture are, in pixels.

// Below this width columns are stacked.
export const narrow = 720;

export const stages = ['auth', 'limits', 'cache', 'batching'];

const stage = { h: 78, gap: 22 };
const panel = { top: 38, side: 14, bottom: 16 };
const frontend = { h: 76, gap: 16 };
const serviceGap = 12;
const apart = 9; // between the lines of two frontends
const labelled = 96; // what a line has for its label

// layout places frontends, stages and services: {width, height, gateway, nodes,
// edges}. A frontend is {name, lane}: those with a lane, 0 or 1, have edges.
// A service is {name, h, fields}: fields are its numbers of fields by lane. Ids
// are frontend:NAME, stage:NAME and service:NAME. An edge is {id, to, lane, d,
// label}: d is an SVG path, label the middle of where its text is.
export function layout({ width, frontends, services }) {
  const chosen = frontends.filter(one => one.lane !== undefined);
  const place = width < narrow ? stacked : columns;
  const { height, gateway, nodes } = place(width, frontends, services);
  const edges = [];
  chosen.forEach(({ name, lane }, rank) => {
    const shift = (rank - (chosen.length - 1) / 2) * apart; // lines keep the order of frontends, so they do not cross
    const draw = width < narrow ? stackedPath : columnPath;
    const add = (from, to) => edges.push({ id: `${to}/${lane}`, to, lane, ...draw(nodes, from, to, shift) });
    add(`frontend:${name}`, 'stage:auth');
    stages.slice(1).forEach((next, i) => add(`stage:${stages[i]}`, `stage:${next}`));
    for (const service of services) if (service.fields[lane] > 0) add('stage:batching', `service:${service.name}`);
  });
  return { width, height, gateway, nodes, edges };
}

const clamp = (low, value, high) => Math.round(Math.max(low, Math.min(value, high)));

// columns has frontends on the left, the gateway in the middle, services on the right.
function columns(width, frontends, services) {
  const left = clamp(124, width * 0.165, 180);
  const middle = clamp(190, width * 0.24, 250);
  const right = clamp(230, width * 0.31, 330);
  const gap = (width - left - middle - right) * 0.3;
  const gatewayHeight = panel.top + stages.length * (stage.h + stage.gap) - stage.gap + panel.bottom;
  const servicesHeight = total(
    services.map(one => one.h),
    serviceGap,
  );
  const frontendsHeight = total(
    frontends.map(() => frontend.h),
    frontend.gap,
  );
  const height = Math.max(gatewayHeight, servicesHeight, frontendsHeight);
  const gateway = { x: left + gap, y: (height - gatewayHeight) / 2, w: middle, h: gatewayHeight };
  const nodes = {};
  let y = gateway.y + panel.top;
  for (const name of stages) {
    nodes[`stage:${name}`] = { x: gateway.x + panel.side, y, w: middle - 2 * panel.side, h: stage.h };
    y += stage.h + stage.gap;
  }
  const entrance = gateway.y + panel.top + stage.h / 2;
  y = clamp(0, entrance - frontendsHeight / 2, height - frontendsHeight);
  for (const { name } of frontends) {
    nodes[`frontend:${name}`] = { x: 0, y, w: left, h: frontend.h };
    y += frontend.h + frontend.gap;
  }
  y = (height - servicesHeight) / 2;
  for (const { name, h } of services) {
    nodes[`service:${name}`] = { x: width - right, y, w: right, h };
    y += h + serviceGap;
  }
  return { height, gateway, nodes };
}

// stacked has frontends at the top, the gateway below them, services at the bottom.
function stacked(width, frontends, services) {
  const nodes = {};
  const half = (width - frontend.gap) / 2;
  frontends.forEach(({ name }, i) => {
    nodes[`frontend:${name}`] = { x: (i % 2) * (half + frontend.gap), y: Math.floor(i / 2) * (frontend.h + frontend.gap), w: half, h: frontend.h };
  });
  const rows = Math.ceil(frontends.length / 2);
  const gateway = { x: 0, y: rows * (frontend.h + frontend.gap) + 20, w: width, h: 0 };
  let y = gateway.y + panel.top;
  for (const name of stages) {
    nodes[`stage:${name}`] = { x: panel.side, y, w: width - 2 * panel.side, h: stage.h };
    y += stage.h + stage.gap;
  }
  gateway.h = y - stage.gap + panel.bottom - gateway.y;
  y = gateway.y + gateway.h + 28;
  const indent = 112;
  for (const { name, h } of services) {
    nodes[`service:${name}`] = { x: indent, y, w: width - indent, h };
    y += h + serviceGap;
  }
  return { height: y - serviceGap, gateway, nodes };
}

const total = (heights, gap) => heights.reduce((sum, h) => sum + h + gap, 0) - (heights.length > 0 ? gap : 0);

// columnPath is a line down between stages, and a curve from column to column.
function columnPath(nodes, from, to, shift) {
  const a = nodes[from];
  const b = nodes[to];
  if (from.startsWith('stage:') && to.startsWith('stage:')) return down(a, b, shift);
  const x1 = a.x + a.w;
  const y1 = a.y + a.h / 2 + shift;
  const y2 = b.y + b.h / 2 + shift;
  // Curves end before the labels, so that none crosses another's.
  const x2 = to.startsWith('service:') ? Math.max(b.x - labelled, x1 + 20) : b.x;
  const bend = (x2 - x1) * 0.5;
  return {
    d: `M${r(x1)} ${r(y1)}C${r(x1 + bend)} ${r(y1)} ${r(x2 - bend)} ${r(y2)} ${r(x2)} ${r(y2)}H${r(b.x)}`,
    label: { x: b.x - labelled / 2 - 2, y: y2 },
  };
}

// stackedPath is a line down, and beside the services a line with branches.
function stackedPath(nodes, from, to, shift) {
  const a = nodes[from];
  const b = nodes[to];
  if (to.startsWith('stage:')) return down(a, b, shift);
  const x = a.x + 14 + shift;
  const y = b.y + b.h / 2 + shift;
  return { d: `M${r(x)} ${r(a.y + a.h)}V${r(y - 10)}Q${r(x)} ${r(y)} ${r(x + 10)} ${r(y)}H${r(b.x)}`, label: { x: b.x - 42, y } };
}

function down(a, b, shift) {
  const x1 = a.x + a.w / 2 + shift;
  const x2 = b.x + b.w / 2 + shift;
  const y1 = a.y + a.h;
  const bend = (b.y - y1) / 2;
  return { d: `M${r(x1)} ${r(y1)}C${r(x1)} ${r(y1 + bend)} ${r(x2)} ${r(b.y - bend)} ${r(x2)} ${r(b.y)}`, label: { x: x2, y: b.y - bend } };
}

const r = value => Math.round(value * 10) / 10;
