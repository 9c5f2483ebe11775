package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// outcome is what became of a request of a load.
type outcome struct {
	id       string
	mutation bool
	began    time.Time
	took     time.Duration
	failure  string // empty for success
}

// load is callers that send requests until they are stopped. Every request is of
// an object of its own, so that nothing is shared and each makes a call.
type load struct {
	fleet  *fleet
	client *http.Client
	stop   func() // ends the callers and waits for them

	mu       sync.Mutex
	outcomes []outcome
}

const (
	loadCallers  = 30
	loadPace     = 50 * time.Millisecond // the least time between two requests of a caller
	loadMutation = 5                     // one request of so many is a mutation
)

// startLoad starts the callers; the end of the test stops them.
func (f *fleet) startLoad(t *testing.T) *load {
	t.Helper()
	l := &load{fleet: f, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loadCallers}}}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	l.stop = func() {
		cancel()
		group.Wait()
		l.client.CloseIdleConnections()
	}
	for caller := range loadCallers {
		group.Go(func() { l.call(ctx, caller) })
	}
	t.Cleanup(l.stop)
	return l
}

// call sends requests, one after another.
func (l *load) call(ctx context.Context, caller int) {
	ticker := time.NewTicker(loadPace)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// One that began is not cut off: it must have an outcome.
		o := l.send(context.WithoutCancel(ctx), fmt.Sprintf("%d-%d", caller, n), (n+caller)%loadMutation == 0)
		l.mu.Lock()
		l.outcomes = append(l.outcomes, o)
		l.mu.Unlock()
	}
}

// send sends one request.
func (l *load) send(ctx context.Context, id string, mutation bool) outcome {
	protocol := l.fleet.protocol
	document := "{ " + fmt.Sprintf(protocol.query, id) + " }"
	if mutation {
		document = "mutation { " + fmt.Sprintf(protocol.mutations[len(id)%len(protocol.mutations)], id) + " }"
	}
	o := outcome{id: id, mutation: mutation, began: time.Now()}
	o.failure = l.failure(ctx, document, id)
	o.took = time.Since(o.began)
	return o
}

// failure sends a document and returns the failure of the answer: a code, or
// what must never happen.
func (l *load) failure(ctx context.Context, document, id string) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	body, _ := json.Marshal(map[string]string{"query": document}) // can't fail
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.fleet.gateway.url+"/graphql/fleet", bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Sprintf("status %d: %s", resp.StatusCode, text)
	}
	if code := a.code(); code != "" {
		return code
	}
	if !strings.Contains(string(a.Data), fmt.Sprintf("%q", id)) {
		return "another answer: " + string(text)
	}
	return ""
}

// since returns the outcomes of queries that began at a time or later.
func (l *load) since(began time.Time) []outcome { return l.of(false, began) }

// of returns the outcomes of mutations, or of queries, that began at a time or later.
func (l *load) of(mutation bool, began time.Time) []outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []outcome
	for _, o := range l.outcomes {
		if o.mutation == mutation && !o.began.Before(began) {
			list = append(list, o)
		}
	}
	return list
}

// wantMutations fails the test unless 95 % of the mutations succeeded that began at a
// time or later: those that are sent to an endpoint that fails are not repeated, so
// that more fail unless such an endpoint is left out.
func (l *load) wantMutations(t *testing.T, began time.Time) {
	t.Helper()
	mutations := l.of(true, began)
	if failed := failures(mutations); failed*20 > len(mutations) {
		t.Errorf("%d of %d mutations failed: %s", failed, len(mutations), tally(mutations))
	}
}

// await waits until so many queries have an outcome that began at a time or later.
func (l *load) await(t *testing.T, n int, began time.Time) []outcome {
	t.Helper()
	var queries []outcome
	await(t, fmt.Sprintf("%d queries have an answer", n), func() bool {
		queries = l.since(began)
		return len(queries) >= n
	})
	return queries
}

// settle waits until the gateway copes with what happened at a time: the last
// queries, which began later, succeeded. It gives up after the time that a
// gateway has for that. It returns the time from which on queries succeed.
func (l *load) settle(t *testing.T, since time.Time) time.Time {
	t.Helper()
	const row = 100
	await(t, "queries succeed", func() bool {
		queries := l.since(since)
		return time.Since(since) > settleTime || len(queries) >= row && failures(queries[len(queries)-row:]) == 0
	})
	return time.Now()
}

// settleTime is how long a gateway may take until it copes with an endpoint that
// fails, or with one that is back.
const settleTime = 5 * time.Second

// failures returns how many outcomes are not a success.
func failures(outcomes []outcome) int {
	n := 0
	for _, o := range outcomes {
		if o.failure != "" {
			n++
		}
	}
	return n
}

// wantSuccess fails the test unless 99.9 % of the outcomes are a success.
func wantSuccess(t *testing.T, outcomes []outcome) {
	t.Helper()
	if failed := failures(outcomes); failed*1000 > len(outcomes) {
		t.Errorf("%d of %d queries failed: %s", failed, len(outcomes), tally(outcomes))
	}
}

// tally returns the failures of outcomes and how often they occurred.
func tally(outcomes []outcome) string {
	count := map[string]int{}
	for _, o := range outcomes {
		if o.failure != "" {
			count[o.failure]++
		}
	}
	return fmt.Sprint(count)
}

// failuresOfServices are the codes that a caller may get when a service fails.
var failuresOfServices = map[string]bool{"": true, "DOWNSTREAM_SERVICE_ERROR": true, "DOWNSTREAM_TIMEOUT": true, "SERVICE_UNAVAILABLE": true}

// check stops the callers and checks what holds whatever happens: no mutation was
// sent twice, one that succeeded was sent once, and no failure is a defect.
func (l *load) check(t *testing.T) {
	t.Helper()
	l.stop()
	for _, id := range l.fleet.ledger.Again() {
		t.Errorf("the mutation %s was sent %d times", id, l.fleet.ledger.Times(id))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	mutations := 0
	for _, o := range l.outcomes {
		if !failuresOfServices[o.failure] {
			t.Errorf("%s: %s", o.id, o.failure)
		}
		if !o.mutation {
			continue
		}
		mutations++
		if o.failure == "" && l.fleet.ledger.Times(o.id) != 1 {
			t.Errorf("the mutation %s succeeded and was sent %d times", o.id, l.fleet.ledger.Times(o.id))
		}
	}
	if mutations == 0 {
		t.Error("there were no mutations")
	}
	t.Logf("%d requests, %d mutations, calls %v; failures %s", len(l.outcomes), mutations, l.fleet.calls(), tally(l.outcomes))
}
