package e2e_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/portico-gateway/portico/e2e/dnstest"
	"github.com/portico-gateway/portico/e2e/faultproxy"
	"github.com/portico-gateway/portico/e2e/fleettest"
	"github.com/portico-gateway/portico/internal/longtest"
)

// trouble is a way in which an endpoint fails.
type trouble struct {
	name string
	// begin makes an endpoint fail until end is called.
	begin func(f *fleet, endpoint int) (end func())
	// share is the most that the endpoint gets of the calls, once the gateway copes;
	// 0 for any share.
	share float64
	// short is the protocol of the short run.
	short protocol
}

// mode returns a trouble in which the proxy before an endpoint has a mode.
func mode(mode faultproxy.Mode) func(f *fleet, endpoint int) func() {
	return func(f *fleet, endpoint int) func() {
		f.proxies[endpoint].Set(mode)
		return func() { f.proxies[endpoint].Set(faultproxy.Pass) }
	}
}

var (
	dead       = trouble{name: "dead", begin: mode(faultproxy.Dead), short: overREST}
	hung       = trouble{name: "hung", begin: mode(faultproxy.Hung), short: overGRPC}
	halfClosed = trouble{name: "half-closed", begin: mode(faultproxy.HalfClosed), short: overREST}
	flapping   = trouble{name: "flapping", short: overGRPC, begin: func(f *fleet, endpoint int) func() {
		return f.proxies[endpoint].Flap(300*time.Millisecond, 300*time.Millisecond)
	}}
	failing = trouble{name: "answering with errors", short: overREST, begin: func(f *fleet, endpoint int) func() {
		f.backends[endpoint].SetFailing(true)
		return func() { f.backends[endpoint].SetFailing(false) }
	}}
	slow = trouble{name: "ten times slower", short: overGRPC, share: 0.1, begin: func(f *fleet, endpoint int) func() {
		f.proxies[endpoint].SetDelay(10 * fleetLatency)
		return func() { f.proxies[endpoint].Set(faultproxy.Pass) }
	}}
)

// eachProtocol runs a test over REST and gRPC or, if it is short, over one of them.
func eachProtocol(t *testing.T, name string, short *protocol, run func(t *testing.T, protocol protocol)) {
	t.Helper()
	for _, p := range []protocol{overREST, overGRPC} {
		if short == nil || short.name == p.name {
			t.Run(name+" over "+p.name, func(t *testing.T) { run(t, p) })
		}
	}
}

// One of three endpoints fails: after 5 s at most, callers don't notice it.
func TestOneOfThree(t *testing.T) {
	for _, tr := range []trouble{dead, hung, slow, flapping, failing, halfClosed} {
		eachProtocol(t, tr.name, &tr.short, func(t *testing.T, p protocol) { oneOfThree(t, p, tr, 200) })
	}
}

func TestOneOfThreeLong(t *testing.T) {
	longtest.Only(t)
	for _, tr := range []trouble{dead, hung, slow, flapping, failing, halfClosed} {
		eachProtocol(t, tr.name, nil, func(t *testing.T, p protocol) { oneOfThree(t, p, tr, 2000) })
	}
}

// manyQueries is how many queries a long run has. From so many on, success is
// counted from 5 s after the fault, and the endpoint must be used again when it is well.
const manyQueries = 1000

// oneOfThree counts so many queries after the gateway copes with the trouble.
func oneOfThree(t *testing.T, p protocol, tr trouble, queries int) {
	t.Helper()
	f := startFleet(t, p, 3, fleettest.Options{Latency: fleetLatency})
	l := f.startLoad(t)
	await(t, "all endpoints are called", func() bool {
		for _, n := range f.calls() {
			if n < 20 {
				return false
			}
		}
		return true
	})
	began := time.Now()
	end := tr.begin(f, 0)
	defer end()
	copes := began.Add(settleTime)
	if queries < manyQueries {
		copes = l.settle(t, began)
		enough := func() bool { return tr.share == 0 || time.Since(began) > settleTime }
		for !enough() && f.share(0, func() { l.await(t, queries, copes) }) >= tr.share/2 {
			copes = time.Now()
		}
	}
	l.await(t, 1, copes)
	share := f.share(0, func() { wantSuccess(t, l.await(t, queries, copes)) })
	t.Logf("from %v after the fault, the endpoint has %.1f %% of the calls", copes.Sub(began).Round(time.Millisecond), 100*share)
	if tr.share > 0 && share >= tr.share {
		t.Errorf("the endpoint has %.1f %% of the calls", 100*share)
	}
	l.wantMutations(t, copes)
	end()
	if queries >= manyQueries {
		well := f.backends[0].Calls()
		await(t, "the endpoint is used again", func() bool { return f.backends[0].Calls() > well+50 })
	}
	l.check(t)
	// Retries don't add to the load of a service that fails.
	if calls, requests := sum(f.calls()), len(l.outcomes); float64(calls) > 1.2*float64(requests) {
		t.Errorf("%d calls for %d requests", calls, requests)
	}
}

// All endpoints fail, and come back: callers have answers again within 5 s.
func TestRecovery(t *testing.T) {
	eachProtocol(t, dead.name, nil, func(t *testing.T, p protocol) { recovery(t, p, dead, 200) })
}

func TestRecoveryLong(t *testing.T) {
	longtest.Only(t)
	for _, tr := range []trouble{dead, hung, flapping, failing, halfClosed} {
		eachProtocol(t, tr.name, nil, func(t *testing.T, p protocol) { recovery(t, p, tr, 3000) })
	}
}

// recovery counts so many queries after the recovery.
func recovery(t *testing.T, p protocol, tr trouble, queries int) {
	t.Helper()
	f := startFleet(t, p, 3, fleettest.Options{Latency: fleetLatency})
	l := f.startLoad(t)
	wantSuccess(t, l.await(t, 100, time.Time{}))
	began := time.Now()
	var ends []func()
	for i := range f.proxies {
		end := tr.begin(f, i)
		defer end()
		ends = append(ends, end)
	}
	await(t, "queries fail", func() bool { return failures(l.since(began)) >= 50 })
	for _, end := range ends {
		end()
	}
	well := l.settle(t, time.Now())
	wantSuccess(t, l.await(t, queries, well))
	l.check(t)
}

// Services that close connections again and again, as they do when they are
// deployed, fail no query.
func TestConnectionsThatEnd(t *testing.T) {
	connectionsThatEnd(t, 300)
}

func TestConnectionsThatEndLong(t *testing.T) {
	longtest.Only(t)
	connectionsThatEnd(t, 5000)
}

func connectionsThatEnd(t *testing.T, queries int) {
	t.Helper()
	t.Run("GOAWAY", func(t *testing.T) {
		f := startFleet(t, overGRPC, 3, fleettest.Options{Latency: fleetLatency, MaxAge: 100 * time.Millisecond})
		l := f.startLoad(t)
		wantSuccess(t, l.await(t, queries, time.Time{}))
		if n := f.proxies[0].Stats().Accepted; n < 3 {
			t.Errorf("there were %d connections", n)
		}
		l.check(t)
	})
	t.Run("Connection: close", func(t *testing.T) {
		f := startFleet(t, overREST, 3, fleettest.Options{Latency: fleetLatency})
		for _, b := range f.backends {
			b.SetClosing(true)
		}
		l := f.startLoad(t)
		wantSuccess(t, l.await(t, queries, time.Time{}))
		l.check(t)
		if s := f.proxies[0].Stats(); int64(s.Accepted) < f.backends[0].Calls() {
			t.Errorf("%d connections for %d calls", s.Accepted, f.backends[0].Calls())
		}
	})
}

// A name gets another address while the old one still answers: calls go to the
// new one, and none fails.
func TestAddressesChange(t *testing.T) {
	eachProtocol(t, "DNS", &overREST, func(t *testing.T, p protocol) { addressesChange(t, p, 200) })
}

func TestAddressesChangeLong(t *testing.T) {
	longtest.Only(t)
	eachProtocol(t, "DNS", nil, func(t *testing.T, p protocol) { addressesChange(t, p, 2000) })
}

// addressesChange counts so many queries after each change.
func addressesChange(t *testing.T, p protocol, queries int) {
	t.Helper()
	f, dns := startNamedFleet(t, p, 2)
	l := f.startLoad(t)
	l.await(t, 100, time.Time{})
	if n := f.backends[1].Calls(); n > 0 {
		t.Fatalf("%d calls of an address that nobody knows", n)
	}
	dns.Set(fleetName, dnstest.Address(time.Second, fleetHost(1)))
	changed := time.Now()
	for quiet := false; !quiet; {
		if time.Since(changed) > settleTime+patience/10 {
			t.Fatalf("the old address is still called: %v", f.calls())
		}
		before := f.backends[0].Calls()
		l.await(t, queries, time.Now())
		quiet = f.backends[0].Calls() == before
	}
	dns.Set(fleetName, dnstest.Address(time.Second, fleetHost(0)), dnstest.Address(time.Second, fleetHost(1)))
	before := f.backends[0].Calls()
	await(t, "both addresses are called", func() bool { return f.backends[0].Calls() > before+20 })
	// A resolver that fails takes no address away.
	dns.Fail(dnsmessage.RCodeServerFailure)
	asked := dns.Asked(fleetName)
	await(t, "the name is resolved again", func() bool { return dns.Asked(fleetName) > asked+2 })
	l.await(t, queries, time.Now())
	wantSuccess(t, l.since(time.Time{}))
	l.check(t)
}

// Streams that are open for long leave calls their share of a connection, however
// few streams a server permits on one.
func TestStreamLimit(t *testing.T) {
	for _, limit := range []int{10, 100} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) { streamLimit(t, limit, limit, 200) })
	}
}

func TestStreamLimitLong(t *testing.T) {
	longtest.Only(t)
	for _, limit := range []int{10, 100} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) { streamLimit(t, limit, 3*limit+5, 3000) })
	}
}

// streamLimit opens so many streams at a server that permits fewer on a
// connection, and then makes so many queries.
func streamLimit(t *testing.T, limit, streams, queries int) {
	t.Helper()
	f := startFleet(t, overGRPC, 1, fleettest.Options{Latency: fleetLatency, MaxStreams: uint32(limit)})
	for i := range streams {
		s := openEventsOf(t, f.gateway, "fleet", fmt.Sprintf(`subscription { watchedPart(id: "w%d") }`, i))
		defer s.close()
		if got, want := s.next(t), fmt.Sprintf(`{"data":{"watchedPart":"w%d"}}`, i); got != want {
			t.Fatalf("stream %d: got %s, want %s", i, got, want)
		}
	}
	if n := f.backends[0].Streams(); n != int64(streams) {
		t.Fatalf("%d streams are open", n)
	}
	l := f.startLoad(t)
	wantSuccess(t, l.await(t, queries, time.Time{}))
	l.check(t)
}
