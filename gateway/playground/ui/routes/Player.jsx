// The player: steps of a run, one after another or as they are chosen.
import { useEffect, useState } from 'react';
import { Select } from './Chooser.jsx';

// usePlayer keeps which of steps is shown, and whether it goes on by itself. It
// starts anew whenever the number of starts changes.
export function usePlayer(steps, starts) {
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const last = steps.length - 1;
  const go = to => {
    setPlaying(false);
    setAt(Math.max(0, Math.min(to, last)));
  };
  const start = () => {
    setAt(0);
    setPlaying(true);
  };
  useEffect(() => {
    if (starts > 0) start();
  }, [starts]);
  const next = () => (at < last ? setAt(at + 1) : setPlaying(false));
  const toggle = () => (playing ? setPlaying(false) : at >= last ? start() : setPlaying(true));
  return { at: Math.min(at, Math.max(0, last)), step: steps[Math.min(at, last)], playing, speed, setSpeed, go, next, toggle };
}

// Player has the controls of steps; before a run they only show what is planned.
export function Player({ player, steps, ran }) {
  const { at, playing, speed, setSpeed, go, toggle } = player;
  return (
    <div className="rt-player" role="group" aria-label={ran ? 'Steps of the run' : 'Planned steps'}>
      <button type="button" onClick={toggle} disabled={!ran}>
        {playing && ran ? '❚❚ Pause' : '▶ Play'}
      </button>
      <button type="button" onClick={() => go(at - 1)} disabled={!ran} aria-disabled={at === 0} aria-label="Previous step">
        ◀
      </button>
      <button type="button" onClick={() => go(at + 1)} disabled={!ran} aria-disabled={at === steps.length - 1} aria-label="Next step">
        ▶
      </button>
      <ol>
        {steps.map((step, i) => (
          <li key={step.title}>
            <button
              type="button"
              onClick={() => go(i)}
              disabled={!ran}
              aria-current={ran && i === at ? 'step' : undefined}
              className={ran && i < at ? 'rt-past' : ''}
            >
              <strong>{step.title}</strong>
              <span>{step.text}</span>
            </button>
          </li>
        ))}
      </ol>
      <Select
        label="Speed"
        value={String(speed)}
        onChange={value => setSpeed(Number(value))}
        options={[
          ['0.5', 'half'],
          ['1', 'normal'],
          ['2', 'double'],
        ]}
      />
    </div>
  );
}
