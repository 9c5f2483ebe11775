package usage

import (
	"math"
	"strings"
	"time"
)

// totals are the records of a recorder. Their user holds its lock.
type totals struct {
	bounds     bounds
	days       int
	from, to   Day // to is today
	incomplete bool
	clients    map[client]*clientTotals
	records    int  // of all clients
	crowded    Day  // on which there was no room for another client
	changed    bool // since they were written
}

// clientTotals are the records of one client.
type clientTotals struct {
	key      client
	requests uint64 // about
	last     Day
	records  map[part]total
}

// part is a part of the schema of a frontend.
type part struct{ frontend, coordinate string }

// total is what a [Record] counts.
type total struct {
	count       uint64
	first, last Day
}

func newTotals(b bounds, days int, today Day) totals {
	return totals{bounds: b, days: days, from: today, to: today, clients: map[client]*clientTotals{}, changed: true}
}

// turn makes it today, and forgets what is too old.
func (t *totals) turn(now time.Time) {
	if today := DayOf(now); today != t.to {
		t.from, t.to, t.changed = min(t.from, today), today, true
	}
	if first := DayOf(now.AddDate(0, 0, 1-t.days)); first > t.from {
		t.forget(first)
	}
}

// forget removes what was last used before a day.
func (t *totals) forget(before Day) {
	t.from, t.changed = before, true
	for key, of := range t.clients {
		for p, total := range of.records {
			if total.last < before {
				delete(of.records, p)
				t.records--
			}
		}
		if len(of.records) == 0 && of.last < before {
			delete(t.clients, key)
		}
	}
	t.crowded = ""
}

// known returns the client that records the requests of a client, which has one today.
func (t *totals) known(c client) client {
	of := t.client(c)
	of.last = t.to
	return of.key
}

// client returns the totals of a client, or of [Other] if there is no room for one more.
func (t *totals) client(c client) *clientTotals {
	of := t.clients[c]
	switch {
	case of != nil:
		return of
	case len(t.clients) >= t.bounds.clients && !t.makeRoom():
		return t.other()
	}
	c = client{strings.Clone(c.name), strings.Clone(c.version)} // they are parts of a header
	of = &clientTotals{key: c, records: map[part]total{}}
	t.clients[c] = of
	return of
}

// makeRoom adds the records of a client to those of [Other], and removes it: of the clients
// without a request today, the one with the fewest. So names that somebody makes up
// do not keep out the clients of another day.
func (t *totals) makeRoom() bool {
	if t.crowded == t.to {
		return false
	}
	var least *clientTotals
	for key, of := range t.clients {
		if of.last < t.to && key != (client{name: Other}) {
			if least == nil || of.requests < least.requests || of.requests == least.requests && key.compare(least.key) < 0 {
				least = of
			}
		}
	}
	if least == nil {
		t.crowded = t.to
		return false
	}
	delete(t.clients, least.key)
	t.records -= len(least.records)
	other := t.other()
	for p, total := range least.records {
		t.put(other, p, total)
	}
	return true
}

// other returns the totals of [Other], which always has room.
func (t *totals) other() *clientTotals {
	key := client{name: Other}
	of := t.clients[key]
	if of == nil {
		of = &clientTotals{key: key, records: map[part]total{}}
		t.clients[key] = of
	}
	return of
}

// add adds requests of a client for an operation.
func (t *totals) add(c client, o *Operation, requests uint64) {
	of := t.client(c)
	of.requests, of.last, t.changed = of.requests+requests, t.to, true
	for _, list := range o.uses {
		for _, coordinate := range list {
			t.put(of, part{o.frontend, coordinate}, total{requests, t.to, t.to})
		}
	}
}

// put adds a total to that of the same client and part, or, if there is no room for one
// more, to that of [Other].
func (t *totals) put(of *clientTotals, p part, more total) {
	if len(p.coordinate) > longestCoordinate { // which no file may have
		t.incomplete = true
		return
	}
	have, ok := of.records[p]
	if !ok && t.records >= t.bounds.records {
		of = t.other()
		have, ok = of.records[p]
	}
	if ok {
		more.first, more.last = min(more.first, have.first), max(more.last, have.last)
		more.count += min(have.count, math.MaxUint64-more.count)
	} else {
		t.records++
	}
	of.records[p] = more
}

// restore adds usage that was recorded before.
func (t *totals) restore(u *Usage) {
	texts := map[string]string{} // a record has its own, and there are many
	shared := func(text string) string {
		if _, ok := texts[text]; !ok {
			texts[text] = text
		}
		return texts[text]
	}
	t.from, t.incomplete, t.changed = min(t.from, u.From), t.incomplete || u.Incomplete, true
	for _, r := range u.Records() {
		of := t.client(client{r.Client, r.Version})
		of.requests, of.last = max(of.requests, r.Count), max(of.last, r.Last)
		more := total{r.Count, Day(shared(string(r.First))), Day(shared(string(r.Last)))}
		t.put(of, part{shared(r.Frontend), shared(r.Coordinate)}, more)
	}
}

// list returns the records of a frontend, or of all if the name is empty.
func (t *totals) list(frontend string) []Record {
	list := make([]Record, 0, t.records)
	for key, of := range t.clients {
		for p, total := range of.records {
			if frontend == "" || p.frontend == frontend {
				list = append(list, Record{p.frontend, key.name, key.version, p.coordinate, total.count, total.first, total.last})
			}
		}
	}
	return list
}
