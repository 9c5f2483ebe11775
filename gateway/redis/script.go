package redis

import (
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
