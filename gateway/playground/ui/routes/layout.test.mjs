import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layout, narrow, stages } from './layout.js';

const services = (n, fields = [2]) => Array.from({ length: n }, (_, i) => ({ name: `s${i}`, h: 80 + (i % 3) * 20, fields }));
const single = [{ name: 'web', lane: 0 }, { name: 'app' }, { name: 'kiosk' }];
const compared = [{ name: 'web', lane: 1 }, { name: 'app', lane: 0 }, { name: 'kiosk' }];

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
const ends = ({ d }) => d.match(/-?[\d.]+/g).map(Number);

for (const width of [280, 358, 390, narrow - 1, narrow, 968, 1400, 2400]) {
  for (const [name, frontends] of Object.entries({ single, compared })) {
    for (const n of [0, 1, 6, 25]) {
      test(`${width} pixels, ${name}, ${n} services: nodes are inside and apart`, () => {
        const { nodes, height, gateway } = layout({ width, frontends, services: services(n, [2, 1]) });
        const boxes = Object.entries(nodes);
        assert.equal(boxes.length, frontends.length + stages.length + n);
        for (const [id, box] of boxes) {
          assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.w <= width + 0.5 && box.y + box.h <= height + 0.5, `${id} is outside`);
          for (const [other, another] of boxes) assert.ok(id === other || !overlap(box, another), `${id} overlaps ${other}`);
          assert.equal(overlap(box, gateway), id.startsWith('stage:'), `${id} and the gateway`);
        }
      });
    }
  }
}

test('lines go from the frontend through the stages to the services that it uses', () => {
  const { edges } = layout({
    width: 1000,
    frontends: compared,
    services: [
      { name: 'both', h: 80, fields: [1, 2] },
      { name: 'one', h: 80, fields: [3, 0] },
      { name: 'none', h: 80, fields: [0, 0] },
    ],
  });
  const of = lane => edges.filter(edge => edge.lane === lane).map(edge => edge.id);
  const through = lane => stages.map(stage => `stage:${stage}/${lane}`);
  assert.deepEqual(of(0), [...through(0), 'service:both/0', 'service:one/0']);
  assert.deepEqual(of(1), [...through(1), 'service:both/1']);
});

test('columns: lines end at the side of a service, labels are before it and apart', () => {
  const { nodes, edges } = layout({ width: 968, frontends: single, services: services(6) });
  const labels = edges.filter(edge => edge.to.startsWith('service:'));
  for (const edge of labels) {
    const { x, y, h } = nodes[edge.to];
    const [level, end] = ends(edge)
      .slice(-3)
      .filter((_, i) => i !== 1); // where it is level, and where it ends
    assert.equal(end, x);
    assert.ok(level < edge.label.x - 35, 'a curve is under its label');
    assert.ok(edge.label.x < x && edge.label.y > y && edge.label.y < y + h);
  }
  labels.slice(1).forEach((edge, i) => assert.ok(edge.label.y - labels[i].label.y > 24));
});

test('lines of two frontends run side by side, in the order of the frontends', () => {
  const { nodes, edges } = layout({ width: 968, frontends: compared, services: services(1, [1, 1]) });
  assert.ok(nodes['frontend:web'].y < nodes['frontend:app'].y);
  const y = lane => edges.find(edge => edge.id === `service:s0/${lane}`).label.y;
  assert.ok(y(1) < y(0));
});

test('below the limit nodes are stacked in the order in which a request passes them', () => {
  const { nodes } = layout({ width: narrow - 1, frontends: single, services: services(3) });
  const tops = ['frontend:web', ...stages.map(stage => `stage:${stage}`), 'service:s0', 'service:s1', 'service:s2'].map(id => nodes[id].y);
  assert.deepEqual(
    tops,
    [...tops].sort((a, b) => a - b),
  );
});
