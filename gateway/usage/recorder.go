package usage

import (
	"cmp"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Other is the name of the client that stands for all that are not distinguished,
// since there are too many.
const Other = "other"

// RecorderConfig configures a recorder.
type RecorderConfig struct {
	// File keeps what was recorded, for the next start; empty for none. Its folder must be
	// writable, and no other recorder may have the same file.
	File string
	// Log gets to know of a file that can't be read or written.
	Log *slog.Logger
	// Now returns the time.
	Now func() time.Time
}

// Recorder records usage, of every frontend and for any number of requests, within
// bounds: it distinguishes 1000 clients, and has 200,000 records of them. What is beyond
// that is recorded of the client [Other]. So no coordinate that was used is without a
// record. It is safe for concurrent use.
type Recorder struct {
	config RecorderConfig
	bounds bounds

	gathering sync.Mutex // is held while counters are gathered

	mu      sync.Mutex
	totals  totals
	pending []*Operation // have counters
	held    int          // by pending: about how many coordinates, or as much memory
}

// bounds are the most that a recorder has.
type bounds struct {
	clients int
	records int // besides those of Other, which are at most as many as schemas have coordinates
	held    int // by operations with counters, between two gatherings
}

// heldByCounter is the memory of a counter, with its place in a map, in coordinates of 16
// bytes.
const heldByCounter = 24

// NewRecorder returns a recorder that keeps usage for a number of days: see
// [Recorder.Retain]. Run must run, or nothing is read from the file and written to it.
func NewRecorder(config RecorderConfig, days int) *Recorder {
	b := bounds{clients: 1000, records: 200_000, held: 1 << 17}
	return &Recorder{config: config, bounds: b, totals: newTotals(b, days, DayOf(config.Now()))}
}

// Retain changes the number of days, at least 1, for which usage is retained. A record whose
// last request was before them is forgotten.
func (r *Recorder) Retain(days int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.totals.days = days
}

// Operation counts the requests for one operation. It is safe for concurrent use. What it
// has counted is not lost with it.
type Operation struct {
	recorder *Recorder
	frontend string
	uses     [][]string
	counters atomic.Pointer[map[client]*counter] // is replaced, with the recorder's lock; nil for none
}

// client is the name and the version of a client.
type client struct{ name, version string }

// Operation returns what counts the requests for an operation of a frontend that uses
// these coordinates, in lists that have none in common. The lists must not change.
func (r *Recorder) Operation(frontend string, uses [][]string) *Operation {
	return &Operation{recorder: r, frontend: frontend, uses: uses}
}

// Count counts a request of a client, whose name and version may be anything. It
// allocates nothing, but for the first request of a client in about a minute.
func (o *Operation) Count(name, version string) {
	if counters := o.counters.Load(); counters != nil {
		if c := (*counters)[client{name, version}]; c != nil && c.add() {
			return
		}
	}
	o.recorder.count(o, client{name, version})
}

// counter counts the requests of one client, until it is closed.
type counter struct{ n atomic.Uint64 }

// closed is added to a counter that is closed.
const closed = 1 << 63

// add counts a request. It is false if the counter is closed: then the request is not
// counted.
func (c *counter) add() bool { return c.n.Add(1) < closed }

// close returns what was counted, which is all.
func (c *counter) close() uint64 { return c.n.Swap(closed) }

// count counts a request that finds no counter.
func (r *Recorder) count(o *Operation, of client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of = r.totals.known(of.clean())
	counters := map[client]*counter{}
	if have := o.counters.Load(); have != nil {
		counters = *have
	}
	if c := counters[of]; c != nil { // another goroutine was first, or it is one of many others
		c.add()
		return
	}
	held := heldByCounter
	if len(counters) == 0 {
		held += o.held()
	}
	if r.held+held > r.bounds.held {
		r.totals.add(of, o, 1)
		return
	}
	if len(counters) == 0 {
		r.pending = append(r.pending, o)
	}
	r.held += held
	counters = maps.Clone(counters) // others read it
	c := &counter{}
	c.add()
	counters[of] = c
	o.counters.Store(&counters)
}

// held returns how many coordinates the operation keeps in memory. All lists but the first
// are those of the schema.
func (o *Operation) held() int {
	n := 2 * len(o.uses)
	if n > 0 {
		n += len(o.uses[0])
	}
	return n
}

// gather adds what operations have counted to the totals, and lets go of the operations.
func (r *Recorder) gather() {
	r.gathering.Lock()
	defer r.gathering.Unlock()
	r.mu.Lock()
	r.totals.turn(r.config.Now())
	pending := r.pending
	r.pending, r.held = nil, 0
	r.mu.Unlock()
	for _, o := range pending { // requests do not wait for all of them
		r.gatherOf(o)
	}
}

func (r *Recorder) gatherOf(o *Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for of, c := range *o.counters.Swap(nil) {
		r.totals.add(of, o, c.close())
	}
}

// clean returns the client with a name and a version that a file may have.
func (c client) clean() client { return client{cleanName(c.name), cleanName(c.version)} }

func cleanName(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(text) <= longestName {
		return text
	}
	n := longestName
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// compare orders clients by their names and versions.
func (c client) compare(other client) int {
	return cmp.Or(cmp.Compare(c.name, other.name), cmp.Compare(c.version, other.version))
}
