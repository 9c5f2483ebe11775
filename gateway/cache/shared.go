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

	"github.com/portico-gateway/portico/gateway/redis"
)

// What bounds the second level.
const (
	sharedTimeout = 4 * time.Millisecond // of a request's wait
	writeTimeout  = 300 * time.Millisecond
	longestShared = 24 * time.Hour
	mostSharedTag = 200      // of one entry
	smallestZstd  = 4 << 10  // bytes of a value that is compressed
	mostPending   = 10_000   // tags that could not be written to Redis
	mostPuts      = 256      // values that wait to be sent
	mostWaiting   = 16 << 20 // bytes of them
)

// AloneAge is the maximum age of a value that was stored while the link to Redis was
// down, when invalidations of other gateways do not arrive.
const AloneAge = 5 * time.Second

// shared is the second level: the values that gateways share, and the invalidations of
// other gateways. It is the watcher of the link.
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
	behind  atomic.Bool    // something is pending: what Redis has may be invalid
	even    chan struct{}  // nothing is pending any more
	puts    chan put
	waiting atomic.Int64 // bytes in puts
	packer  *zstd.Encoder
	opener  *zstd.Decoder
	scripts scripts

	mu      sync.Mutex
	pending map[string]struct{} // tags that are to be written to Redis
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

func newShared(store *Store, link *redis.Link) (*shared, error) {
	s := &shared{
		store: store, link: link, port: link.Port(sharedTimeout),
		even: make(chan struct{}, 1), puts: make(chan put, mostPuts), pending: map[string]struct{}{}, scripts: newScripts(),
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

// Changed is part of redis.Watcher: a gateway invalidated tags, or began or ended a
// generation.
func (s *shared) Changed(keys []string) {
	tags := make([]string, len(keys))
	for i, key := range keys {
		tags[i], _ = strings.CutPrefix(key, s.tagPrefix())
		if key == s.generationKey() {
			tags[i] = "" // nothing of before is valid
		}
	}
	s.drop(tags)
}

// Lost is part of redis.Watcher: invalidations of others may have been missed.
func (s *shared) Lost() { s.store.tags.addAll() }

// Checked is part of redis.Watcher. It writes pending invalidations. In a new session, it
// then empties the first level before anything is read.
func (s *shared) Checked(ctx context.Context, session *redis.Session) error {
	if err := s.writePending(ctx, session); err != nil {
		return err
	}
	if s.session != session {
		s.session = session
		s.store.tags.addAll()
	}
	return nil
}

// ask returns the values of keys, nil where there is none, and the ticket for
// those that are made now; nil if Redis did not answer in time, or an invalidation of
// this gateway is pending.
func (s *shared) ask(ctx context.Context, keys []Key) ([][]byte, *ticket) {
	session := s.port.Session()
	if session == nil || s.behind.Load() {
		return nil, nil
	}
	calls := make([]redis.Call, len(keys))
	for i, key := range keys {
		calls[i] = redis.Call{Keys: []string{s.generationKey(), s.epochKey(), s.entryKey(key)}, Args: []string{rand.Text(), session.Life, s.tagPrefix()}}
	}
	results, err := s.port.Do(ctx, session, s.scripts.ask, calls...)
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

// share soon sends other gateways an entry that was made with a ticket, unless too
// much is waiting already.
func (s *Store) share(t *ticket, e *Entry, codec *Codec) {
	if t == nil || len(e.Tags) > mostSharedTag || e.Part && e.began != s.Epoch() {
		return
	}
	if len(s.shared.puts) == cap(s.shared.puts) {
		return
	}
	text := codec.encode(e)
	if text == nil {
		return
	}
	size := int64(len(text))
	if s.shared.waiting.Add(size) > max(mostWaiting, size) {
		s.shared.waiting.Add(-size)
		return
	}
	select {
	case s.shared.puts <- put{t, e, text}:
	default:
		s.shared.waiting.Add(-size)
	}
}

// run sends values until ctx is done.
func (s *shared) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-s.puts:
			s.waiting.Add(-int64(len(p.text)))
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
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	part := "0"
	if e.Part {
		part = "1"
	}
	// Whether it is kept need not be known: the next caller asks again.
	life := strconv.FormatInt(left.Milliseconds(), 10)
	_, _ = p.ticket.session.Do(ctx, s.scripts.put, redis.Call{
		Keys: []string{s.generationKey(), s.entryKey(e.Key)},
		Args: []string{p.ticket.generation, p.ticket.epoch, strings.Join(e.Tags, "\n"), string(s.pack(p.text)), life, part},
	})
}

// pack compresses a value if that is worth it; the first byte is a flag for that.
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
