// The choice of what to run: operations of one frontend, or of two to compare.
import { choiceOf, operationsOf } from './choice.js';

export function Chooser({ frontends, editor, choices, choose, edit, run, busy, mistake }) {
  const others = frontends.filter(one => one.name !== choices[0].frontend);
  const first = frontend => choiceOf(frontends, editor, frontend);
  const replaced = (i, choice) => choices.map((one, at) => (at === i ? choice : one));
  const chooseMain = frontend => choose([first(frontend), ...choices.slice(1).filter(one => one.frontend !== frontend)]);
  const chooseOther = frontend => choose(frontend ? [choices[0], first(frontend)] : [choices[0]]);
  return (
    <form
      className="rt-chooser"
      onSubmit={event => {
        event.preventDefault();
        if (!busy && !mistake) run();
      }}
    >
      <div className="rt-choices">
        <Select label="Frontend" value={choices[0].frontend} onChange={chooseMain} options={frontends.map(({ name }) => [name, name])} />
        <Operation label="Operation" frontends={frontends} editor={editor} choice={choices[0]} choose={choice => choose(replaced(0, choice))} />
        {others.length > 0 && (
          <Select
            label="Compare with"
            value={choices[1]?.frontend ?? ''}
            onChange={chooseOther}
            options={[['', 'nothing'], ...others.map(({ name }) => [name, name])]}
          />
        )}
        {choices[1] && (
          <Operation
            label={`Operation of ${choices[1].frontend}`}
            frontends={frontends}
            editor={editor}
            choice={choices[1]}
            choose={choice => choose(replaced(1, choice))}
          />
        )}
        <button type="submit" className="rt-run" disabled={Boolean(mistake)}>
          ▶ Run
        </button>
      </div>
      {mistake && (
        <p className="rt-mistake" role="alert">
          {mistake}
        </p>
      )}
      <Documents choices={choices} change={(i, choice) => edit(replaced(i, choice))} />
    </form>
  );
}

function Documents({ choices, change }) {
  return (
    <div className="rt-documents">
      {choices.map((choice, i) => (
        <details key={choice.frontend + choice.id}>
          <summary>
            {choice.frontend} {choice.name}: document and variables
          </summary>
          <pre tabIndex={0}>{choice.query}</pre>
          <label className="rt-field">
            Variables of {choice.frontend}, as JSON
            <textarea
              rows={3}
              spellCheck={false}
              value={choice.variables}
              onChange={event => change(i, { ...choice, variables: event.target.value })}
            />
          </label>
        </details>
      ))}
    </div>
  );
}

function Operation({ label, frontends, editor, choice, choose }) {
  const operations = operationsOf(frontends, editor, choice.frontend);
  const pick = id => choose({ frontend: choice.frontend, id });
  return <Select label={label} value={choice.id} onChange={pick} options={operations.map(({ id, name }) => [id, name])} />;
}

export function Select({ label, value, onChange, options }) {
  return (
    <label className="rt-field">
      {label}
      <select value={value} onChange={event => onChange(event.target.value)}>
        {options.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
