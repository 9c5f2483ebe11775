package cache

import "github.com/portico-gateway/portico/gateway/redis"

// The scripts, as texts. All keys have one hash tag, so that they are in one slot of
// a cluster.
const (
	// askScript returns the generation, the epoch and, if it is valid, the value of
	// an entry. KEYS are the generation, the epoch, and the entry; ARGV a name for a
	// new generation, the life of the server, and the prefix of tags.
	askScript = `
local gen, life = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (.*)$')
if life ~= ARGV[2] then
  gen = ARGV[1]
  redis.call('SET', KEYS[1], gen .. ' ' .. ARGV[2])
end
local epoch = redis.call('GET', KEYS[2]) or '0'
local e = redis.call('HMGET', KEYS[3], 'v', 'e', 't', 'g', 'p')
if not e[1] or e[4] ~= gen or e[5] == '1' and e[2] ~= epoch then return {gen, epoch} end
local born = tonumber(e[2])
if tonumber(redis.call('GET', ARGV[3]) or '0') > born then return {gen, epoch} end
for tag in string.gmatch(e[3], '[^\n]+') do
  if tonumber(redis.call('GET', ARGV[3] .. tag) or '0') > born then return {gen, epoch} end
end
return {gen, epoch, e[1]}
`
	// putScript keeps an entry. KEYS are the generation and the entry; ARGV the
	// generation, the epoch, tags, the value, how many milliseconds it is kept, and 1
	// for a part.
	putScript = `
if string.match(redis.call('GET', KEYS[1]) or '', '^%S+') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'g', ARGV[1], 'e', ARGV[2], 't', ARGV[3], 'v', ARGV[4], 'p', ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
`
	// purgeScript invalidates tags. KEYS is the epoch; ARGV are the prefix of tags,
	// how many seconds they are kept, and the tags; the empty one is all.
	purgeScript = `
local epoch = redis.call('INCR', KEYS[1])
for i = 3, #ARGV do redis.call('SET', ARGV[1] .. ARGV[i], epoch, 'EX', ARGV[2]) end
return epoch
`
	// forgetScript ends the generation, KEYS[1].
	forgetScript = `return redis.call('DEL', KEYS[1])`
)

// scripts are the scripts that a store calls.
type scripts struct{ ask, put, purge, forget *redis.Script }

func newScripts() scripts {
	return scripts{redis.NewScript(askScript), redis.NewScript(putScript), redis.NewScript(purgeScript), redis.NewScript(forgetScript)}
}
