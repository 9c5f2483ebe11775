package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by it
	"encoding/hex"

	"github.com/redis/rueidis"
)

// Script is a Lua script that the server executes. It is immutable.
type Script struct{ text, sha string }

// NewScript returns the script with a text.
func NewScript(text string) *Script {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // it is a name
	return &Script{text, hex.EncodeToString(sum[:])}
}

// Call is one call of a script: KEYS and ARGV. The keys are in one slot of a
// cluster.
type Call struct{ Keys, Args []string }

// Result is the result of a call: the value that the script returned, or an
// error.
type Result = rueidis.RedisResult

// exec calls a script several times in one pipeline: one round trip, and another
// one if a server does not know the script yet. The results are in the order of
// the calls.
func (s *Script) exec(ctx context.Context, client rueidis.Client, calls []Call) []Result {
	commands := make(rueidis.Commands, len(calls))
	for i, c := range calls {
		commands[i] = client.B().Evalsha().Sha1(s.sha).Numkeys(int64(len(c.Keys))).Key(c.Keys...).Arg(c.Args...).Build()
	}
	results := client.DoMulti(ctx, commands...)
	for i, result := range results {
		if e, ok := rueidis.IsRedisErr(result.Error()); ok && e.IsNoScript() {
			c := calls[i]
			results[i] = client.Do(ctx, client.B().Eval().Script(s.text).Numkeys(int64(len(c.Keys))).Key(c.Keys...).Arg(c.Args...).Build())
		}
	}
	return results
}
