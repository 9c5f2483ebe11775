package usage_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/usage"
)

// clock is a time that a test sets.
type clock struct {
	mu   sync.Mutex
	time time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) next(days int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.AddDate(0, 0, days)
}

func recorder(days int) (*usage.Recorder, *clock) {
	c := &clock{time: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	return usage.NewRecorder(usage.RecorderConfig{Log: slog.New(slog.DiscardHandler), Now: c.now}, days), c
}

// recorded returns what a recorder has written, as it is read.
func recorded(t testing.TB, r *usage.Recorder) *usage.Usage {
	t.Helper()
	var out bytes.Buffer
	if err := r.Write(&out, ""); err != nil {
		t.Fatal(err)
	}
	u, err := usage.Read(&out, usage.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// inShort returns a record as "client version coordinate count last".
func inShort(r usage.Record) string {
	return fmt.Sprintf("%s|%s %s %d %s", r.Client, r.Version, r.Coordinate, r.Count, r.Last[5:])
}

func wantRecords(t *testing.T, u *usage.Usage, want ...string) {
	t.Helper()
	var got []string
	for _, r := range u.Records() {
		got = append(got, inShort(r))
	}
	if !slices.Equal(got, want) {
		t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRecorder(t *testing.T) {
	r, clock := recorder(90)
	price, name := r.Operation("web", [][]string{{"Product.price", "Query.product"}}), r.Operation("web", [][]string{{"Product.name"}, {"Colour", "Colour.RED"}})
	price.Count("shop", "1")
	price.Count("shop", "1")
	price.Count("", "")
	u := recorded(t, r)
	wantRecords(t, u, "| Product.price 1 11-01", "| Query.product 1 11-01", "shop|1 Product.price 2 11-01", "shop|1 Query.product 2 11-01")
	clock.next(1)
	name.Count("shop", "2")
	price.Count("shop", "1")
	u = recorded(t, r)
	wantRecords(t, u, "| Product.price 1 11-01", "| Query.product 1 11-01", "shop|1 Product.price 3 11-02", "shop|1 Query.product 3 11-02",
		"shop|2 Colour 1 11-02", "shop|2 Colour.RED 1 11-02", "shop|2 Product.name 1 11-02")
	if u.From != "2026-11-01" || u.To != "2026-11-02" || u.Incomplete {
		t.Errorf("%+v", u)
	}
	var mobile bytes.Buffer
	if err := r.Write(&mobile, "mobile"); err != nil || strings.Count(mobile.String(), "\n") != 1 {
		t.Errorf("of a frontend without requests: %s", mobile.String())
	}
}

// A request of a known client allocates nothing.
func TestCountAllocatesNothing(t *testing.T) {
	r, _ := recorder(90)
	o := r.Operation("web", [][]string{{"Query.product", "Product.price"}})
	o.Count("shop", "1")
	if n := testing.AllocsPerRun(100, func() { o.Count("shop", "1") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// No request is lost, while operations are counted, forgotten and gathered at the same time.
func TestCountAndGather(t *testing.T) {
	r, _ := recorder(90)
	r.Bound(3, 8, 100) // all bounds are reached
	const goroutines, requests = 4, 3000
	stop := make(chan struct{})
	var writers, counters sync.WaitGroup
	writers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				recorded(t, r)
			}
		}
	})
	shared := r.Operation("web", [][]string{{"Query.a"}})
	for g := range goroutines {
		counters.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(g)))
			for range requests {
				shared.Count(fmt.Sprint("client", random.IntN(6)), "")
				r.Operation("web", [][]string{{"Query.b", fmt.Sprint("Query.c", random.IntN(4))}}).Count("shop", "")
			}
		})
	}
	counters.Wait()
	close(stop)
	writers.Wait()
	counts, records := map[string]uint64{}, recorded(t, r).Records()
	if _, n, _ := r.Sizes(); n != len(records) {
		t.Errorf("%d records, but %d are counted", len(records), n)
	}
	for _, record := range records {
		of := record.Coordinate
		if strings.HasPrefix(of, "Query.c") {
			of = "Query.c"
		}
		counts[of] += record.Count
	}
	for _, of := range []string{"Query.a", "Query.b", "Query.c"} {
		if counts[of] != goroutines*requests {
			t.Errorf("%s has %d requests, want %d", of, counts[of], goroutines*requests)
		}
	}
}

// Clients beyond the bound are one, until another day: then those with the fewest requests
// make room.
func TestClientsAreBounded(t *testing.T) {
	r, clock := recorder(90)
	r.Bound(2, 100, 1000)
	o := r.Operation("web", [][]string{{"Query.a"}})
	for _, client := range []string{"shop", "shop", "made up", "late", "later", "late"} {
		o.Count(client, "1")
	}
	wantRecords(t, recorded(t, r), "made up|1 Query.a 1 11-01", "other| Query.a 3 11-01", "shop|1 Query.a 2 11-01")
	clock.next(1)
	recorded(t, r)
	o.Count("late", "1")
	o.Count("later", "1")
	wantRecords(t, recorded(t, r), "late|1 Query.a 1 11-02", "later|1 Query.a 1 11-02", "other| Query.a 6 11-01")
}

// Records beyond the bound are of the client that stands for others.
func TestRecordsAreBounded(t *testing.T) {
	r, _ := recorder(90)
	r.Bound(10, 3, 1000)
	r.Operation("web", [][]string{{"Query.a", "Query.b"}}).Count("app", "")
	recorded(t, r)
	r.Operation("web", [][]string{{"Query.a", "Query.b"}}).Count("shop", "")
	wantRecords(t, recorded(t, r), "app| Query.a 1 11-01", "app| Query.b 1 11-01", "other| Query.b 1 11-01", "shop| Query.a 1 11-01")
}

// What was not requested for some days is forgotten, and so is its client.
func TestDaysAreBounded(t *testing.T) {
	r, clock := recorder(3)
	r.Operation("web", [][]string{{"Query.a", "Query.b"}}).Count("shop", "1")
	recorded(t, r)
	clock.next(2)
	r.Operation("web", [][]string{{"Query.b"}}).Count("shop", "1")
	r.Operation("web", [][]string{{"Query.a"}}).Count("app", "1")
	wantRecords(t, recorded(t, r), "app|1 Query.a 1 11-03", "shop|1 Query.a 1 11-01", "shop|1 Query.b 2 11-03")
	clock.next(1)
	u := recorded(t, r)
	wantRecords(t, u, "app|1 Query.a 1 11-03", "shop|1 Query.b 2 11-03")
	if u.From != "2026-11-02" || u.To != "2026-11-04" {
		t.Errorf("from %s to %s", u.From, u.To)
	}
	r.Retain(1)
	u = recorded(t, r)
	if wantRecords(t, u); u.From != "2026-11-04" {
		t.Errorf("from %s", u.From)
	}
	if clients, records, _ := r.Sizes(); clients != 0 || records != 0 {
		t.Errorf("%d clients, %d records", clients, records)
	}
}

// A clock that is set back makes no file that can't be read.
func TestClockIsSetBack(t *testing.T) {
	r, clock := recorder(90)
	clock.next(-10)
	if u := recorded(t, r); u.From != "2026-10-22" || u.To != "2026-10-22" {
		t.Errorf("from %s to %s", u.From, u.To)
	}
}

// 100,000 operations and 10,000 names of clients take a bounded memory, and every
// coordinate has all of its requests.
func TestMemoryIsBounded(t *testing.T) {
	r, _ := recorder(90)
	const operations, names, parts = 100_000, 10_000, 1000
	var coordinates []string
	for i := range parts {
		coordinates = append(coordinates, fmt.Sprintf("Type%d.field", i))
	}
	want := map[string]uint64{}
	before := heap()
	for i := range operations {
		uses := make([]string, 30) // each operation has a list of its own
		for j := range uses {
			uses[j] = coordinates[(i+j*j)%parts]
		}
		slices.Sort(uses)
		uses = slices.Compact(uses)
		for _, of := range uses {
			want[of] += 2
		}
		o := r.Operation("web", [][]string{uses})
		o.Count(fmt.Sprint("client ", i%names), "1.0")
		o.Count("shop", "1.0")
		if i%20_000 == 0 {
			if err := r.Write(io.Discard, ""); err != nil { // a minute has passed
				t.Fatal(err)
			}
		}
	}
	counted := heap() - before
	clients, records, held := r.Sizes()
	u := recorded(t, r)
	gathered := heap() - before
	runtime.KeepAlive(r)
	t.Logf("%d MB, and %d MB when all is gathered; %d clients, %d records, %d coordinates of operations", counted>>20, gathered>>20, clients, records, held)
	if most := int64(64 << 20); counted > most || clients > 1001 || records > 200_000+parts || held > 1<<19 {
		t.Errorf("%d bytes, %d clients, %d records, %d coordinates of operations", counted, clients, records, held)
	}
	got := map[string]uint64{}
	for _, record := range u.Records() {
		got[record.Coordinate] += record.Count
	}
	if u.Incomplete || len(want) != parts || !maps.Equal(got, want) {
		t.Errorf("incomplete: %t; %d coordinates have requests, want %d, and all of their requests", u.Incomplete, len(got), len(want))
	}
}

func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// Whatever a client is called, what is written is read again, with all requests.
func FuzzCount(f *testing.F) {
	f.Add("shop", "1.2", "shop", "1.2")
	f.Add(strings.Repeat("é", 200), "\xff", "\x00\u2028", `"`)
	f.Add(strings.Repeat("a", 300), "", strings.Repeat("a", 256), "")
	f.Fuzz(func(t *testing.T, name, version, name2, version2 string) {
		r, _ := recorder(90)
		o := r.Operation("web", [][]string{{"Query.a"}})
		o.Count(name, version)
		o.Count(name2, version2)
		o.Count(name, version)
		u := recorded(t, r)
		requests := uint64(0)
		for _, record := range u.Records() {
			requests += record.Count
		}
		if requests != 3 || len(u.Records()) > 2 {
			t.Errorf("%+v", u.Records())
		}
	})
}

func BenchmarkCount(b *testing.B) {
	r, _ := recorder(90)
	o := r.Operation("web", [][]string{{"Query.product", "Product.price"}})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o.Count("shop-web", "4.2.0")
		}
	})
}
