// What is known of the latest answer: how it was made, and its errors with their places.
import { useGraphiQL } from '@graphiql/react';

const bytes = n => (n < 1000 ? `${n} B` : `${(n / 1000).toFixed(1)} kB`);

// cached says what the cache did, by the explanation or the header.
function cached(answer) {
  if (!answer.explain) return answer.headers.find(([name]) => name === 'cache-status')?.[1];
  const { status, maxAge, scope } = answer.explain.cache;
  return maxAge > 0 ? `${status}, ${scope.toLowerCase()}, ${maxAge} s` : status;
}

function facts(answer) {
  const { cost, explain } = answer;
  return [
    ['Status', answer.status || 'none'],
    ['Time', `${answer.ms.toFixed(1)} ms`],
    ['Size', bytes(answer.size)],
    cost && ['Cost', `${cost.actualQueryCost ?? 0} of at most ${cost.requestedQueryCost}`],
    cached(answer) && ['Cache', cached(answer)],
    explain && ['Calls', explain.calls.filter(call => !call.cache).length + (explain.more ?? 0)],
  ].filter(Boolean);
}

// Answer is the bar below the answer. answer is null before the first one, and undefined if nothing is known of it.
export function Answer({ answer, explained, routes }) {
  if (answer === undefined) return null;
  if (!answer) {
    return (
      <p className="pc-hint">Run the operation to see its answer here.{explained && ' Routes shows which service answers each field.'}</p>
    );
  }
  return (
    <section className="pc-answer" aria-label="About the answer">
      <dl>
        {facts(answer).map(([name, value]) => (
          <div key={name} className={name === 'Status' && answer.status !== 200 ? 'pc-bad' : undefined}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {answer.explain && (
        <button type="button" onClick={routes}>
          Show its routes
        </button>
      )}
      {answer.headers.length > 0 && (
        <details>
          <summary>{answer.headers.length} headers</summary>
          <table>
            <tbody>
              {answer.headers.map(([name, value]) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
      {answer.errors.length > 0 && <Errors errors={answer.errors} />}
    </section>
  );
}

function Errors({ errors }) {
  const editor = useGraphiQL(state => state.queryEditor);
  const goTo = ({ line, column }) => {
    editor.setPosition({ lineNumber: line, column });
    editor.revealLineInCenterIfOutsideViewport(line);
    editor.focus();
  };
  return (
    <ol className="pc-errors" aria-label="Errors">
      {errors.map((error, i) => (
        <li key={i}>
          {error.extensions?.code && <code>{error.extensions.code}</code>} {error.message}
          {error.path?.length > 0 && <span className="pc-path"> at {error.path.join('.')}</span>}
          {editor &&
            error.locations?.map((location, j) => (
              <button key={j} type="button" onClick={() => goTo(location)}>
                line {location.line}, column {location.column}
              </button>
            ))}
        </li>
      ))}
    </ol>
  );
}
