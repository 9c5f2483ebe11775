package e2e_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/e2e/fleettest"
)

// rawClient sends requests on a connection for as long as the answers let it. Unlike that of net/http, it
// repeats none.
type rawClient struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

// errNoConnection says that a request was not sent.
var errNoConnection = errors.New("no connection")

// post sends a document to the frontend of the fleet. The answer must have the status 200.
func (c *rawClient) post(document string) (body []byte, resp *http.Response, err error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.address, patience)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", errNoConnection, err)
		}
		c.conn = conn
		c.reader = bufio.NewReader(c.conn)
	}
	_ = c.conn.SetDeadline(time.Now().Add(patience))
	text, _ := json.Marshal(map[string]string{"query": document}) // can't fail
	if _, err := fmt.Fprintf(c.conn, "POST /graphql/fleet HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text); err != nil {
		return nil, nil, c.failed(err)
	}
	if resp, err = http.ReadResponse(c.reader, nil); err != nil {
		return nil, nil, c.failed(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		return nil, nil, c.failed(err)
	}
	if resp.Close {
		c.close()
	}
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	return body, resp, nil
}

func (c *rawClient) failed(err error) error {
	c.close()
	return err
}

func (c *rawClient) close() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
	c.conn = nil
}

// rawLoad is clients that send queries and mutations until they are stopped or fail. Each request has an
// object of its own, so that each makes a call.
type rawLoad struct {
	address      string
	untilRefused bool // a client that can't connect ends, and has not failed
	sent         atomic.Int64
	group        sync.WaitGroup
	stopped      atomic.Bool

	mu        sync.Mutex
	mutations []string       // their ids
	served    map[string]int // answers by the field X-Upstream
	closing   int            // answers that close their connection
	failures  []string
}

// startRawLoad starts clients, each of which waits for a time between its requests.
func startRawLoad(t *testing.T, l *rawLoad, pace time.Duration) *rawLoad {
	t.Helper()
	l.served = map[string]int{}
	const clients = 8
	for client := range clients {
		l.group.Go(func() { l.run(client, pace) })
	}
	t.Cleanup(l.stop)
	return l
}

func (l *rawLoad) run(client int, pace time.Duration) {
	c := &rawClient{address: l.address}
	defer c.close()
	ticker := time.NewTicker(max(pace, 1))
	defer ticker.Stop()
	for n := 0; !l.stopped.Load(); n++ {
		id := fmt.Sprintf("%d-%d", client, n)
		mutation := n%loadMutation == 0
		document := fmt.Sprintf("{ answer: item(id: %q) { id } }", id)
		if mutation {
			document = "mutation " + fmt.Sprintf("{ answer: addItem(id: %q) { id } }", id)
		}
		body, resp, err := c.post(document)
		if want := fmt.Sprintf(`{"data":{"answer":{"id":%q}}}`, id); err == nil && string(body) != want {
			err = fmt.Errorf("the answer to %s is %s", id, body)
		}
		l.note(id, mutation, resp, err)
		if err != nil {
			return
		}
		if pace > 0 {
			<-ticker.C
		}
	}
}

// note notes what came of a request.
func (l *rawLoad) note(id string, mutation bool, resp *http.Response, err error) {
	if l.untilRefused && errors.Is(err, errNoConnection) {
		return
	}
	l.sent.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failures = append(l.failures, fmt.Sprintf("%s at %s: %v", id, time.Now().Format(time.TimeOnly+".000"), err))
		return
	}
	if mutation {
		l.mutations = append(l.mutations, id)
	}
	if resp.Close {
		l.closing++
	}
	l.served[resp.Header.Get("X-Upstream")]++
}

// servedBy returns how many requests a proxy sent to an address.
func (l *rawLoad) servedBy(address string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.served[address]
}

// await waits until so many more requests are sent, or the test has failed.
func (l *rawLoad) await(t *testing.T, n int64) {
	t.Helper()
	n += l.sent.Load()
	await(t, fmt.Sprintf("%d requests are sent", n), func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.failures) > 0 {
			t.Fatalf("requests failed: %q", l.failures)
		}
		return l.sent.Load() >= n
	})
}

func (l *rawLoad) stop() {
	l.stopped.Store(true)
	l.group.Wait()
}

// check stops the clients, and fails the test if a request failed, or if a mutation was not sent to the service once.
func (l *rawLoad) check(t *testing.T, ledger *fleettest.Ledger) {
	t.Helper()
	l.stop()
	for _, failure := range l.failures {
		t.Errorf("a request failed: %s", failure)
	}
	for _, id := range l.mutations {
		if n := ledger.Times(id); n != 1 {
			t.Errorf("the mutation %s was sent %d times", id, n)
		}
	}
	t.Logf("%d requests, %d mutations, %d failures; %d connections were closed; %v", l.sent.Load(), len(l.mutations), len(l.failures), l.closing, l.served)
}
