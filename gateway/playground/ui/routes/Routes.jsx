// Routes: an operation's way through the gateway to the services, as a picture.
import { useMemo, useState } from 'react';
import { choiceOf, mistakeOf, planOf } from './choice.js';
import { Chooser } from './Chooser.jsx';
import { Details, Differences } from './Details.jsx';
import { Picture } from './Picture.jsx';
import { Player, usePlayer } from './Player.jsx';
import { useRuns } from './useRuns.js';
import { Waterfall } from './Waterfall.jsx';
import { plannedSteps, sentence, stepsOf } from './words.js';
import './routes.css';

const colors = ['#2f6fed', '#c2410c'];

// Routes shows frontends, {name, color, operations: [{name, query, variables}]}.
// request sends an operation to a frontend and resolves to {status, ms, body};
// load resolves to {routes, sdl}, null where not available, or rejects with why it
// can't be known. editor is the
// operation in the editor, or null. initial says what is chosen at first, and
// anew when it changes; onChoose is called with each choice, in the same form. token is
// what requests have; it is only compared.
export default function Routes(props) {
  if (props.frontends.length === 0) return <p className="rt-routes-view">The gateway has no frontends.</p>;
  return <View {...props} />;
}

function View({ frontends, request, load, editor, initial, token, onChoose }) {
  const [start, setStart] = useState(0);
  const { choices, choose, edit, run, runs, busy, loaded } = useRuns({ frontends, request, load, editor, initial, token, onChoose }, () =>
    setStart(n => n + 1),
  );
  const [picked, setPicked] = useState('');
  const steps = useMemo(() => stepsOf(runs), [runs]);
  const player = usePlayer(steps, start);
  const sides = choices.map(({ frontend }, i) => ({
    frontend,
    color: frontends.find(one => one.name === frontend)?.color ?? colors[i],
    picture: loaded[frontend]?.routes ?? null,
    run: runs[i],
  }));
  const gone = picked.startsWith('frontend:') && sides.every(side => picked !== `frontend:${side.frontend}`);
  const selected = picked && !gone ? picked : `frontend:${sides[0].frontend}`;
  const select = id => {
    setPicked(id);
    const name = id.startsWith('frontend:') ? id.slice('frontend:'.length) : '';
    if (name && sides.every(side => side.frontend !== name)) choose([choiceOf(frontends, editor, name), ...choices.slice(1)]);
  };
  const shown = runs.length > 0 ? steps : plannedSteps(choices.map(choice => planOf(choice, loaded[choice.frontend])));
  const playing = { step: player.step, playing: player.playing, speed: player.speed, onStepDone: player.next };
  return (
    <div className="rt-routes-view">
      <h2>Routes</h2>
      <Chooser
        frontends={frontends}
        editor={editor}
        choices={choices}
        choose={choose}
        edit={edit}
        run={run}
        busy={busy}
        mistake={choices.map(mistakeOf).find(Boolean)}
      />
      {sides.map(({ frontend }) => loaded[frontend] && <Missing key={frontend} frontend={frontend} {...loaded[frontend]} />)}
      <Sentences sides={sides} busy={busy} />
      <Player player={player} steps={shown} ran={runs.length > 0} />
      <div className="rt-stageset">
        <Picture frontends={frontends} sides={sides} {...playing} selected={selected} onSelect={select} />
        <Details selected={selected} sides={sides} />
      </div>
      <Results sides={sides} />
      {runs.length > 1 && <Differences sides={sides} />}
    </div>
  );
}

function Sentences({ sides, busy }) {
  return (
    <div className="rt-sentence">
      <div role="status" aria-live="polite">
        {busy ? <p>Running …</p> : sides.map(side => side.run && <p key={side.frontend}>{sentence(side.run)}</p>)}
      </div>
      {!busy && sides.every(side => !side.run) && (
        <p className="rt-hint">Every request takes this way. Run the operation to see its calls; choose a service to see which fields it answers.</p>
      )}
    </div>
  );
}

function Results({ sides }) {
  const ran = sides.filter(side => side.run);
  const until = Math.max(
    1,
    ...ran.flatMap(({ run }) => [run.explain?.ms ?? 0, ...run.matched.calls.map(call => (call.fromMs ?? 0) + (call.ms ?? 0))]),
  );
  return (
    <div className={`rt-waterfalls rt-of-${ran.length}`}>
      {ran.map(({ frontend, color, run }) => (
        <div key={frontend}>
          {(run.explain || run.matched.entries.length > 0) && <Waterfall run={run} color={color} until={until} />}
          {!run.explain && <p>The answer has no explanation: its calls are not known.</p>}
          {run.matched.problems.length > 0 && (
            <ul className="rt-problems" aria-label={`Errors of ${frontend} ${run.name}`}>
              {run.matched.problems.map(({ path, code, message, denied }, i) => (
                <li key={i} className={denied ? 'rt-denied' : ''}>
                  <strong>
                    {denied ? '⊘' : '✕'} {code || 'error'}
                  </strong>{' '}
                  {path && <code>{path}</code>} {message}
                </li>
              ))}
            </ul>
          )}
        </div>
      ))}
    </div>
  );
}

function Missing({ frontend, routes, sdl, failure }) {
  if (failure) {
    return (
      <p className="rt-missing" role="alert">
        {failure}
      </p>
    );
  }
  if (!routes) {
    return (
      <p className="rt-missing">
        The gateway does not tell how it routes {frontend}: set frontend.explain to true in portico.yaml (and sign in with the scope explainScope if
        it is set).
      </p>
    );
  }
  return sdl ? null : (
    <p className="rt-missing">
      The schema of {frontend} is not available: levels are estimated from the times of calls, and fields without calls are not shown.
    </p>
  );
}
