package cache

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/redis/rueidis"

	"github.com/portico-gateway/portico/gateway/redis"
)

// What bounds the second level.
const (
	sharedTimeout = 4 * time.Millisecond // of a request's wait
	tellTimeout   = 300 * time.Millisecond
	longestShared = 24 * time.Hour
	mostSharedTag = 200     // of one entry
	smallestZstd  = 4 << 10 // bytes of a value that is compressed
	mostPending   = 10_000  // tags of which Redis could not be told
	mostPuts      = 256     // values that wait to be sent
)

// AloneAge is the most that a value is kept that was stored while the link to Redis
// was down: what other gateways invalidate meanwhile is not known.
const AloneAge = 5 * time.Second

// shared is the second level: what gateways keep together, and what tells each
// of them what others invalidate. It is the watcher of the link.
//
// Every tag has a key in Redis, with the epoch in which it was invalidated last.
// The server pushes the keys that change to all gateways (client-side caching in
// broadcast mode, https://redis.io/docs/latest/develop/reference/client-side-caching/),
// so that the first level drops what has the tag. When pushes may have been
// missed, the first level is emptied, and again when the link is back.
//
// Epochs count within a generation, which is of one life of the server: what was
// put in another one is not valid. A gateway that cannot write the keys of tags
// deletes the generation, which a server whose memory is full permits: then
// everything is invalidated, everywhere.
type shared struct {
	store   *Store
	link    *redis.Link
	port    *redis.Port
	session *redis.Session // that of the latest check
	behind  atomic.Bool    // there is something pending: what Redis has may be invalid
	even    chan struct{}  // nothing is pending any more
	puts    chan put
	packer  *zstd.Encoder
	opener  *zstd.Decoder

	mu      sync.Mutex
	pending map[string]struct{} // tags of which Redis is to be told
	clear   bool                // all of them
}

// put is a value that other gateways are to have.
type put struct {
	ticket *ticket
	entry  *Entry
	text   []byte
}

// ticket is what a value that is being made is to be shared with: the epoch in
// which its making began, of a generation.
type ticket struct {
	session           *redis.Session
	generation, epoch string
}

// Scripts. All keys have one hash tag, so that they are in one slot of a cluster.
var (
	// askScript returns the generation, the epoch and, if it is valid, the value of
	// an entry. KEYS are the generation, the epoch, and the entry; ARGV a name for a
	// new generation, the life of the server, and the prefix of tags.
	askScript = redis.NewScript(`
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
`)
	// putScript keeps an entry. KEYS are the generation and the entry; ARGV the
	// generation, the epoch, tags, the value, how many milliseconds it is kept, and 1
	// for a part.
	putScript = redis.NewScript(`
if string.match(redis.call('GET', KEYS[1]) or '', '^%S+') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'g', ARGV[1], 'e', ARGV[2], 't', ARGV[3], 'v', ARGV[4], 'p', ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
`)
	// purgeScript invalidates tags. KEYS is the epoch; ARGV are the prefix of tags,
	// how many seconds they are kept, and the tags; the empty one is all.
	purgeScript = redis.NewScript(`
local epoch = redis.call('INCR', KEYS[1])
for i = 3, #ARGV do redis.call('SET', ARGV[1] .. ARGV[i], epoch, 'EX', ARGV[2]) end
return epoch
`)
	// forgetScript ends the generation, KEYS[1].
	forgetScript = redis.NewScript(`return redis.call('DEL', KEYS[1])`)
)

func newShared(store *Store, link *redis.Link) (*shared, error) {
	s := &shared{
		store: store, link: link, port: link.Port(sharedTimeout),
		even: make(chan struct{}, 1), puts: make(chan put, mostPuts), pending: map[string]struct{}{},
	}
	var errPacker, errOpener error
	s.packer, errPacker = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	s.opener, errOpener = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	return s, errors.Join(errPacker, errOpener)
}

func (s *shared) close() {
	s.opener.Close()
	_ = s.packer.Close() // it writes nowhere
}

func (s *shared) key(name string) string { return s.link.Prefix() + ":{cache}:" + name }
func (s *shared) generationKey() string  { return s.key("generation") }
func (s *shared) epochKey() string       { return s.key("epoch") }
func (s *shared) tagPrefix() string      { return s.key("tag:") }
func (s *shared) entryKey(key Key) string {
	return s.key("entry:" + hex.EncodeToString(key[:]))
}

// Tracked is part of redis.Watcher.
func (s *shared) Tracked() []string { return []string{s.tagPrefix(), s.generationKey()} }

// Changed is part of redis.Watcher: some gateway invalidated tags, or began or ended
// a generation.
func (s *shared) Changed(keys []string) {
	tags := make([]string, 0, len(keys))
	for _, key := range keys {
		tag, ok := strings.CutPrefix(key, s.tagPrefix())
		if !ok || tag == "" {
			s.store.tags.addAll()
			continue
		}
		tags = append(tags, tag)
	}
	if len(tags) > 0 {
		s.store.tags.add(tags)
	}
}

// Lost is part of redis.Watcher: what others invalidated is not known.
func (s *shared) Lost() { s.store.tags.addAll() }

// Checked is part of redis.Watcher. It tells Redis what is pending. In a new session,
// what was stored before is dropped after that, and before anything is asked.
func (s *shared) Checked(ctx context.Context, session *redis.Session) error {
	if err := s.tellPending(ctx, session); err != nil {
		return err
	}
	if s.session != session {
		s.session = session
		s.store.tags.addAll()
	}
	return nil
}

// Refused is part of redis.Watcher.
func (s *shared) Refused(ctx context.Context, session *redis.Session) {
	if !s.behind.Load() {
		return
	}
	tags := s.take()
	if _, err := session.Do(ctx, forgetScript, redis.Call{Keys: []string{s.generationKey()}}); err != nil {
		s.remember(tags)
		return
	}
	s.caughtUp()
}

func (s *shared) tellPending(ctx context.Context, session *redis.Session) error {
	if !s.behind.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	tags := s.take()
	if _, err := session.Do(ctx, purgeScript, s.purge(tags)); err != nil {
		s.remember(tags)
		return err
	}
	s.caughtUp()
	return nil
}

// purge returns the call of purgeScript for tags.
func (s *shared) purge(tags []string) redis.Call {
	const seconds = int64((longestShared + time.Hour) / time.Second)
	return redis.Call{Keys: []string{s.epochKey()}, Args: append([]string{s.tagPrefix(), strconv.FormatInt(seconds, 10)}, tags...)}
}

// invalidate tells other gateways of tags. What Redis cannot be told in time it is
// told later: then it returns false.
func (s *shared) invalidate(ctx context.Context, tags []string) (told bool) {
	if !s.behind.Load() {
		ctx, session := context.WithoutCancel(ctx), s.port.Session()
		_, err := s.port.Do(ctx, session, purgeScript, s.purge(tags))
		if _, refused := rueidis.IsRedisErr(err); refused {
			_, err = s.port.Do(ctx, session, forgetScript, redis.Call{Keys: []string{s.generationKey()}})
		}
		if err == nil {
			return true
		}
	}
	s.remember(tags)
	// What was read from Redis meanwhile may be older.
	s.Changed(s.keysOf(tags))
	s.link.Check()
	return false
}

func (s *shared) keysOf(tags []string) []string {
	keys := make([]string, len(tags))
	for i, tag := range tags {
		keys[i] = s.tagPrefix() + tag
	}
	return keys
}

// remember keeps tags for when Redis can be told; the empty one is all.
func (s *shared) remember(tags []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, tag := range tags {
		if tag == "" || len(s.pending) >= mostPending {
			s.clear = true
			continue
		}
		s.pending[tag] = struct{}{}
	}
	s.behind.Store(true)
}

// take takes the tags that are pending; the store is behind until caughtUp.
func (s *shared) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var tags []string
	if s.clear {
		tags = append(tags, "")
	}
	for tag := range s.pending {
		tags = append(tags, tag)
	}
	s.clear = false
	clear(s.pending)
	return tags
}

// caughtUp notes that Redis was told of what was taken.
func (s *shared) caughtUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clear || len(s.pending) > 0 {
		s.link.Check()
		return
	}
	s.behind.Store(false)
	select {
	case s.even <- struct{}{}:
	default:
	}
}

// flush waits until nothing is pending, or ctx is done, and returns how many tags
// are; -1 for all.
func (s *shared) flush(ctx context.Context) int {
	for s.behind.Load() {
		s.link.Check()
		select {
		case <-s.even:
		case <-ctx.Done():
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.clear {
				return -1
			}
			return max(len(s.pending), 1) // a check can have taken them
		}
	}
	return 0
}

// ask returns the values of keys, nil where there is none, and the ticket for
// those that are made now; nil when Redis did not answer in time, or has not been
// told of what this gateway invalidated.
func (s *shared) ask(ctx context.Context, keys []Key) ([][]byte, *ticket) {
	session := s.port.Session()
	if session == nil || s.behind.Load() {
		return nil, nil
	}
	calls := make([]redis.Call, len(keys))
	for i, key := range keys {
		calls[i] = redis.Call{Keys: []string{s.generationKey(), s.epochKey(), s.entryKey(key)}, Args: []string{rand.Text(), session.Life, s.tagPrefix()}}
	}
	results, err := s.port.Do(ctx, session, askScript, calls...)
	if err != nil {
		return nil, nil
	}
	values := make([][]byte, len(keys))
	var first *ticket
	for i, result := range results {
		value, t := s.read(result)
		if t == nil {
			return nil, nil
		}
		if values[i] = value; first == nil {
			first = t // the earliest
		}
	}
	first.session = session
	return values, first
}

// read reads what askScript returned; the ticket is nil if it is something else.
func (s *shared) read(result redis.Result) ([]byte, *ticket) {
	answer, err := result.ToArray()
	if err != nil || len(answer) < 2 {
		return nil, nil
	}
	generation, errGeneration := answer[0].ToString()
	epoch, errEpoch := answer[1].ToString()
	if errGeneration != nil || errEpoch != nil {
		return nil, nil
	}
	t := &ticket{generation: generation, epoch: epoch}
	if len(answer) < 3 {
		return nil, t
	}
	packed, err := answer[2].AsBytes()
	if err != nil || len(packed) == 0 {
		return nil, t
	}
	value, err := s.unpack(packed)
	if err != nil {
		return nil, t
	}
	return value, t
}

// share gives other gateways an entry that was made with a ticket, soon, unless too
// much is waiting already.
func (s *Store) share(t *ticket, e *Entry, codec *Codec) {
	if t == nil || len(e.Tags) > mostSharedTag || e.Part && e.began != s.Epoch() {
		return
	}
	text := codec.encode(e)
	if text == nil {
		return
	}
	select {
	case s.shared.puts <- put{t, e, text}:
	default:
	}
}

// run sends values until ctx is done.
func (s *shared) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-s.puts:
			s.send(ctx, p)
		}
	}
}

// send sends an entry, if it is still valid and of use.
func (s *shared) send(ctx context.Context, p put) {
	e := p.entry
	left := min(e.life(), longestShared) - e.Age(s.store.Now())
	if left <= 0 || s.behind.Load() || !s.store.tags.valid(e) || !s.link.Up() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	part := "0"
	if e.Part {
		part = "1"
	}
	// Whether it is kept need not be known: the next caller asks again.
	_, _ = p.ticket.session.Do(ctx, putScript, redis.Call{
		Keys: []string{s.generationKey(), s.entryKey(e.Key)},
		Args: []string{p.ticket.generation, p.ticket.epoch, strings.Join(e.Tags, "\n"), string(s.pack(p.text)), strconv.FormatInt(left.Milliseconds(), 10), part},
	})
}

// pack compresses what is worth it; the first byte says whether it did.
func (s *shared) pack(value []byte) []byte {
	if len(value) < smallestZstd {
		return append([]byte{0}, value...)
	}
	return s.packer.EncodeAll(value, []byte{1})
}

func (s *shared) unpack(packed []byte) ([]byte, error) {
	if packed[0] == 0 {
		return packed[1:], nil
	}
	return s.opener.DecodeAll(packed[1:], nil)
}
