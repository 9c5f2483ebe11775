package cache

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/redis/rueidis"

	"github.com/portico-gateway/portico/gateway/redis"
)

// Redis is where gateways share what they keep: Redis 6 or newer or Valkey,
// which must not evict keys (maxmemory-policy noeviction).
type Redis struct {
	// URL is redis:// or rediss://, with user, password and database. Several of
	// them with commas between are nodes of one cluster.
	URL string
	// Prefix is that of all keys.
	Prefix string
	// Log is told when Redis can't be reached; nil for none.
	Log *slog.Logger
}

// What bounds the second level.
const (
	sharedTimeout = 4 * time.Millisecond // of a request's wait
	beatEvery     = 200 * time.Millisecond
	beatTimeout   = 500 * time.Millisecond
	longestShared = 24 * time.Hour
	mostSharedTag = 200     // of one entry
	smallestZstd  = 4 << 10 // bytes of a value that is compressed
	mostPending   = 10_000  // tags that Redis could not be told
)

// AloneAge is the most that values are kept, fresh and stale each, while Redis
// can't be reached: nobody tells of what other gateways invalidate.
const AloneAge = 5 * time.Second

// shared is the second level: what gateways keep together, and what tells each
// of them what others invalidate.
//
// Every tag has a key in Redis, with the epoch in which it was invalidated last.
// The server tells all gateways when such a key changes (client-side caching in
// broadcast mode, https://redis.io/docs/latest/develop/reference/client-side-caching/),
// so that the first level forgets what has the tag. When the connection is lost,
// the first level is emptied, and again when it is back.
type shared struct {
	store   *Store
	config  Redis
	options rueidis.ClientOption
	client  atomic.Pointer[rueidis.Client]
	up      atomic.Bool
	slow    atomic.Bool   // it did not answer in time: nobody asks until it has answered a beat
	broken  chan struct{} // the connection was lost
	told    chan struct{} // there is something pending
	puts    chan put
	stop    context.CancelFunc
	done    sync.WaitGroup
	packer  *zstd.Encoder
	opener  *zstd.Decoder

	mu      sync.Mutex
	pending map[string]struct{} // tags that Redis is to be told
	clear   bool                // all of them
}

// put is a value that other gateways are to have.
type put struct {
	ticket *Ticket
	key    Key
	tags   []string
	part   bool
	until  time.Time
	value  []byte
}

// Ticket is what a value that is being made is to be shared with: the epoch in
// which its making began, of a generation of Redis, which ends when Redis
// forgets.
type Ticket struct{ generation, epoch string }

// Scripts. KEYS[1] is the state of a generation; all keys have one hash tag, so
// that they are in one slot of a cluster.
const (
	// askScript returns the generation, the epoch and, if it is valid, the value
	// of KEYS[2]. ARGV are a name for a new generation, and the prefix of tags.
	askScript = `
local state = redis.call('HMGET', KEYS[1], 'gen', 'epoch')
local gen, epoch = state[1], state[2] or '0'
if not gen then
  gen = ARGV[1]
  redis.call('HSET', KEYS[1], 'gen', gen)
end
local e = redis.call('HMGET', KEYS[2], 'v', 'e', 't', 'g', 'p')
if not e[1] or e[4] ~= gen or e[5] == '1' and e[2] ~= epoch then return {gen, epoch} end
local born = tonumber(e[2])
if tonumber(redis.call('GET', ARGV[2]) or '0') > born then return {gen, epoch} end
for tag in string.gmatch(e[3], '[^\n]+') do
  if tonumber(redis.call('GET', ARGV[2] .. tag) or '0') > born then return {gen, epoch} end
end
return {gen, epoch, e[1]}
`
	// putScript keeps KEYS[2]. ARGV are the generation, the epoch, tags, the
	// value, how many milliseconds it is kept, and 1 for a part.
	putScript = `
if redis.call('HGET', KEYS[1], 'gen') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'g', ARGV[1], 'e', ARGV[2], 't', ARGV[3], 'v', ARGV[4], 'p', ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
`
	// purgeScript invalidates tags. ARGV are the prefix of tags, how many
	// seconds they are kept, and the tags; the empty one is all.
	purgeScript = `
local epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
for i = 3, #ARGV do redis.call('SET', ARGV[1] .. ARGV[i], epoch, 'EX', ARGV[2]) end
return epoch
`
)

func openShared(store *Store, config Redis) (*shared, error) {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	s := &shared{store: store, config: config, broken: make(chan struct{}, 1), told: make(chan struct{}, 1),
		puts: make(chan put, 256), pending: map[string]struct{}{}}
	var err error
	if s.options, err = redis.Options(config.URL); err != nil {
		return nil, err
	}
	s.options.ClientTrackingOptions = []string{"PREFIX", s.tagPrefix(), "BCAST"}
	s.options.OnInvalidations = s.invalidated
	var errPacker, errOpener error
	s.packer, errPacker = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	s.opener, errOpener = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err := errors.Join(errPacker, errOpener); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.up.Store(true) // so that it is told when it is not
	s.beat(ctx)
	s.done.Go(func() { s.run(ctx) })
	s.done.Go(func() { s.send(ctx) })
	return s, nil
}

func (s *shared) stateKey() string  { return s.config.Prefix + ":{cache}:state" }
func (s *shared) tagPrefix() string { return s.config.Prefix + ":{cache}:tag:" }
func (s *shared) entryKey(key Key) string {
	return s.config.Prefix + ":{cache}:entry:" + hex.EncodeToString(key[:])
}

// invalidated is told by Redis which tags were invalidated, by any gateway; nil
// when the connection was lost. It must not block.
func (s *shared) invalidated(keys []rueidis.RedisMessage) {
	if keys == nil {
		select {
		case s.broken <- struct{}{}:
		default:
		}
		return
	}
	tags := make([]string, 0, len(keys))
	for i := range keys {
		name, err := keys[i].ToString()
		tag, ok := strings.CutPrefix(name, s.tagPrefix())
		if err != nil || !ok {
			continue
		}
		if tag == "" {
			s.store.tags.addAll()
			continue
		}
		tags = append(tags, tag)
	}
	if len(tags) > 0 {
		s.store.tags.add(tags)
	}
}

// run is the goroutine: it finds out whether Redis is there and tells it what it
// could not be told before.
func (s *shared) run(ctx context.Context) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.broken:
			s.down(errors.New("the connection was lost"))
		case <-ticker.C:
			s.beat(ctx)
		case <-s.told:
			if s.up.Load() {
				s.beat(ctx)
			}
		}
	}
}

// beat asks Redis whether it is there.
func (s *shared) beat(ctx context.Context) {
	client := s.client.Load()
	if client == nil {
		made, err := rueidis.NewClient(s.options)
		if err != nil {
			s.down(err)
			return
		}
		client = &made
		s.client.Store(client)
	}
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	if err := (*client).Do(ctx, (*client).B().Ping().Build()).Error(); err != nil {
		s.down(err)
		return
	}
	if tags := s.untold(); len(tags) > 0 {
		if err := s.purge(ctx, *client, tags); err != nil {
			s.remember(tags)
			s.down(err)
			return
		}
	}
	s.slow.Store(false)
	if s.up.CompareAndSwap(false, true) {
		// What others invalidated meanwhile, nobody told.
		s.store.tags.addAll()
		s.config.Log.Info("the cache is shared through Redis")
	}
}

// down goes on without Redis.
func (s *shared) down(err error) {
	if !s.up.CompareAndSwap(true, false) {
		return
	}
	s.store.tags.addAll()
	s.config.Log.Warn("Redis can't be reached: the cache is this gateway's own meanwhile, and short", "cause", err)
}

// untold are the tags that Redis is still to be told; the empty one is all.
func (s *shared) untold() []string {
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

// remember keeps tags for when Redis is there.
func (s *shared) remember(tags []string) {
	s.mu.Lock()
	for _, tag := range tags {
		if tag == "" || len(s.pending) >= mostPending {
			s.clear = true
			continue
		}
		s.pending[tag] = struct{}{}
	}
	s.mu.Unlock()
	select {
	case s.told <- struct{}{}:
	default:
	}
}

// invalidate tells all gateways. What Redis can't be told in time it is told
// later.
func (s *shared) invalidate(ctx context.Context, tags []string) {
	client := s.client.Load()
	if client == nil || !s.up.Load() || s.slow.Load() {
		s.remember(tags)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sharedTimeout)
	defer cancel()
	if err := s.purge(ctx, *client, tags); err != nil {
		s.slow.Store(true) // a mutation invalidates several times
		s.remember(tags)
	}
}

func (s *shared) purge(ctx context.Context, client rueidis.Client, tags []string) error {
	args := append([]string{s.tagPrefix(), strconv.FormatInt(int64((longestShared+time.Hour)/time.Second), 10)}, tags...)
	return client.Do(ctx, client.B().Eval().Script(purgeScript).Numkeys(1).Key(s.stateKey()).Arg(args...).Build()).Error()
}

// ask returns the values of keys, nil where there is none, and the ticket for
// those that are made now; nil when Redis did not answer in time.
func (s *shared) ask(ctx context.Context, keys ...Key) ([][]byte, *Ticket) {
	client := s.client.Load()
	if client == nil || !s.up.Load() || s.slow.Load() {
		return nil, nil
	}
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, sharedTimeout)
	defer cancel()
	c := *client
	commands := make(rueidis.Commands, len(keys))
	for i, key := range keys {
		commands[i] = c.B().Eval().Script(askScript).Numkeys(2).Key(s.stateKey(), s.entryKey(key)).Arg(rand.Text(), s.tagPrefix()).Build()
	}
	values := make([][]byte, len(keys))
	var ticket *Ticket
	for i, answer := range c.DoMulti(ctx, commands...) {
		value, t := s.read(answer)
		if t == nil {
			s.slow.Store(parent.Err() == nil) // a request can ask several times
			return nil, nil
		}
		if values[i] = value; ticket == nil {
			ticket = t // the first is the earliest
		}
	}
	return values, ticket
}

// read reads what askScript returns; the ticket is nil if it is nothing.
func (s *shared) read(result rueidis.RedisResult) ([]byte, *Ticket) {
	answer, err := result.ToArray()
	if err != nil || len(answer) < 2 {
		return nil, nil
	}
	generation, errGeneration := answer[0].ToString()
	epoch, errEpoch := answer[1].ToString()
	if errGeneration != nil || errEpoch != nil {
		return nil, nil
	}
	t := &Ticket{generation, epoch}
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

// put gives other gateways a value that was made with a ticket, soon, unless
// too much is waiting already.
func (s *shared) put(t *Ticket, e *Entry, value []byte) {
	if len(e.Tags) > mostSharedTag {
		return
	}
	select {
	case s.puts <- put{t, e.Key, e.Tags, e.Part, e.Born.Add(min(e.Fresh+e.Stale, longestShared)), value}:
	default:
	}
}

// send is the goroutine that puts.
func (s *shared) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-s.puts:
			s.sendOne(ctx, p)
		}
	}
}

func (s *shared) sendOne(ctx context.Context, p put) {
	client, left := s.client.Load(), time.Until(p.until)
	if client == nil || !s.up.Load() || left <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	c, part := *client, "0"
	if p.part {
		part = "1"
	}
	// Whether it is kept is not needed to be known: the next asks again.
	_ = c.Do(ctx, c.B().Eval().Script(putScript).Numkeys(2).Key(s.stateKey(), s.entryKey(p.key)).
		Arg(p.ticket.generation, p.ticket.epoch, strings.Join(p.tags, "\n"), string(s.pack(p.value)),
			strconv.FormatInt(left.Milliseconds(), 10), part).Build()).Error()
}

// pack compresses what is worth it; the first byte tells.
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

func (s *shared) close() {
	s.stop()
	s.done.Wait()
	if client := s.client.Load(); client != nil {
		(*client).Close()
	}
	s.opener.Close()
	_ = s.packer.Close() // it writes nowhere
}
