// Package usage reads and writes files of recorded usage: which parts of a
// frontend's schema were requested by which clients, how often and when.
//
// A file has one JSON value a line. The first is a header with the version of the
// format and the period, the others are records; docs/schema-changes.md has the
// format. A line never depends on others, so the files of several gateways, one after
// the other, are a file.
//
// [Read] is bounded, and reports what is wrong with its line. [Usage.Merge] adds
// the counts of another gateway. A [Usage] is not safe for concurrent use.
package usage

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Record is how often one client used one part of a frontend's schema.
type Record struct {
	Frontend string `json:"frontend"`
	// Client and Version are the name and the version of the client; empty if its
	// requests did not have them.
	Client  string `json:"client,omitempty"`
	Version string `json:"clientVersion,omitempty"`
	// Coordinate is a schema coordinate (GraphQL specification, section 3.14): a
	// field that was selected, an argument, an input field or an enum value that was
	// given, or the type of an input object that was given.
	Coordinate string `json:"coordinate"`
	// Count is the number of requests, at least 1.
	Count uint64 `json:"count"`
	// First and Last are the days of the first and the last of these requests.
	First Day `json:"first"`
	Last  Day `json:"last"`
}

// Day is a day in UTC, as in 2026-11-27. Days compare as strings.
type Day string

// Limits bound what is kept and read.
type Limits struct {
	// Records is the most records; 1,000,000 if it is 0.
	Records int
	// Bytes is the most that a file may have; 256 MiB if it is 0.
	Bytes int64
}

func (l Limits) withDefaults() Limits {
	return Limits{cmp.Or(max(l.Records, 0), 1_000_000), cmp.Or(max(l.Bytes, 0), 256<<20)}
}

// The most bytes of a name: of a frontend, a client, a version, and of a coordinate.
const (
	longestName       = 256
	longestCoordinate = 1024
)

// Usage is recorded usage of a period.
type Usage struct {
	// From and To are the first and the last day of the period; empty if there is
	// none.
	From, To Day
	// Incomplete reports that usage was not recorded, or left out, since there was
	// too much of it. What has no record may have been used.
	Incomplete bool

	records map[key]Record
	limits  Limits
}

type key struct{ frontend, client, version, coordinate string }

// New returns an empty usage.
func New(limits Limits) *Usage {
	return &Usage{records: map[key]Record{}, limits: limits.withDefaults()}
}

// Add adds a record to those of the same client and coordinate. A new one that
// exceeds the limit is left out, and the usage is Incomplete. The error describes what
// is wrong with the record, which is then left out.
func (u *Usage) Add(r Record) error {
	if err := r.check(); err != nil {
		return err
	}
	k := key{r.Frontend, r.Client, r.Version, r.Coordinate}
	have, ok := u.records[k]
	switch {
	case ok:
		r.First, r.Last = min(r.First, have.First), max(r.Last, have.Last)
		if r.Count > math.MaxUint64-have.Count {
			r.Count = math.MaxUint64
		} else {
			r.Count += have.Count
		}
	case len(u.records) >= u.limits.Records:
		u.Incomplete = true
		return nil
	}
	u.records[k] = r
	return nil
}

// Merge adds the usage of another gateway. The period is the one that has both.
func (u *Usage) Merge(other *Usage) {
	u.cover(other.From, other.To)
	u.Incomplete = u.Incomplete || other.Incomplete
	for _, r := range other.Records() {
		_ = u.Add(r) // it was checked when it was added there
	}
}

func (u *Usage) cover(from, to Day) {
	if u.From == "" || from < u.From {
		u.From = from
	}
	u.To = max(u.To, to)
}

// Records returns all records, sorted.
func (u *Usage) Records() []Record {
	return slices.SortedFunc(maps.Values(u.records), Record.compare)
}

// compare orders records by what they are of.
func (r Record) compare(other Record) int {
	return cmp.Or(cmp.Compare(r.Frontend, other.Frontend), cmp.Compare(r.Client, other.Client), cmp.Compare(r.Version, other.Version),
		cmp.Compare(r.Coordinate, other.Coordinate))
}

// Client is a client that used something.
type Client struct {
	Name, Version string
	// Count is the number of its requests: of several coordinates that of the one
	// with the most.
	Count uint64
	// First and Last are the days of the first and the last of these requests.
	First, Last Day
}

// String returns the client's name and version.
func (c Client) String() string {
	return strings.TrimSpace(cmp.Or(c.Name, "clients without a name") + " " + c.Version)
}

// Frontend is the usage of one frontend, by coordinate.
type Frontend struct {
	complete bool
	used     map[string][]Record
}

// Frontend returns the usage of a frontend since a day; "" stands for the whole
// period. It returns nil if the usage has no record of the frontend at all, since
// then it was probably not recorded.
func (u *Usage) Frontend(name string, since Day) *Frontend {
	var f *Frontend
	for _, r := range u.Records() {
		if r.Frontend != name {
			continue
		}
		if f == nil {
			f = &Frontend{!u.Incomplete, map[string][]Record{}}
		}
		if r.Last < since {
			continue
		}
		f.used[r.Coordinate] = append(f.used[r.Coordinate], r)
		if of, _, ok := strings.Cut(r.Coordinate, "."); ok { // a type is used if one of its fields is
			f.used[of] = append(f.used[of], r)
		}
	}
	return f
}

// Complete reports whether what has no record was not used in the period.
func (f *Frontend) Complete() bool { return f.complete }

// Clients returns the clients that used at least one of the coordinates, sorted. A
// type stands for all of its fields and values.
func (f *Frontend) Clients(coordinates []string) []Client {
	found := map[key]Client{}
	for _, coordinate := range coordinates {
		for _, r := range f.used[coordinate] {
			k := key{client: r.Client, version: r.Version}
			c, ok := found[k]
			if !ok {
				c = Client{Name: r.Client, Version: r.Version, First: r.First}
			}
			c.Count, c.First, c.Last = max(c.Count, r.Count), min(c.First, r.First), max(c.Last, r.Last)
			found[k] = c
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Client) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
}

// check returns the error of a record.
func (r Record) check() error {
	for _, name := range []struct{ what, text string }{{"frontend", r.Frontend}, {"client", r.Client}, {"clientVersion", r.Version}} {
		if !utf8.ValidString(name.text) {
			return fmt.Errorf("%s is not valid UTF-8", name.what)
		}
		if len(name.text) > longestName {
			return fmt.Errorf("%s has %d bytes; the most is %d", name.what, len(name.text), longestName)
		}
	}
	switch {
	case len(r.Coordinate) > longestCoordinate:
		return fmt.Errorf("coordinate has %d bytes; the most is %d", len(r.Coordinate), longestCoordinate)
	case !isCoordinate(r.Coordinate):
		return fmt.Errorf("%.80q is not a schema coordinate, such as Product.price or Query.product(id:)", r.Coordinate)
	case r.Count == 0:
		return errors.New("count must be at least 1")
	case !r.First.valid():
		return fmt.Errorf("first is %.80q; write a day, as in 2026-11-27", string(r.First))
	case !r.Last.valid():
		return fmt.Errorf("last is %.80q; write a day, as in 2026-11-27", string(r.Last))
	case r.Last < r.First:
		return errors.New("last is before first")
	}
	return nil
}
