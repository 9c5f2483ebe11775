package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/internal/longtest"
)

// mostMemory is the most that the gateway may take at any time (RSS).
const mostMemory = 200 << 20

// Whatever callers send, the gateway takes little memory: the attacks run one
// after the other against one gateway.
func TestMemoryUnderAttack(t *testing.T) { memoryUnderAttack(t, 1) }

// TestMemoryUnderAttackLong is the same with more of each.
func TestMemoryUnderAttackLong(t *testing.T) {
	longtest.Only(t)
	memoryUnderAttack(t, 5)
}

// attackers is how many attack at the same time.
const attackers = 60

// attack is one of an attacker: round distinguishes the requests.
type attack func(a *attacker, round int)

// attacker has a connection of its own.
type attacker struct {
	id      int
	g       *gateway
	client  *http.Client
	ctx     context.Context //nolint:containedctx // that of the attack
	refused atomic.Int64
	wrong   atomic.Pointer[string] // an answer that is not what the attack is about
}

func memoryUnderAttack(t *testing.T, rounds int) {
	t.Helper()
	d := demotest.Start(t)
	// Without rate limits and with more connections than one address may have, both of which would help:
	// what is refused ends its connection, which net/http keeps for half a second.
	config := filepath.Join(t.TempDir(), "portico.yaml")
	many := strings.Replace(loopback, `"127.0.0.1:0"`, `"127.0.0.1:0", connectionsPerAddress: 20000`, 1)
	write(t, config, many+authDemo(d)+"frontend: {introspection: true}\ncache: {size: 16MiB}\n"+services(d))
	g := startBeside(t, d, "..", plainGateway(t), "-config", config)
	const mb = 1 << 20
	lists := func(n int) string { return "[" + strings.Repeat("[],", n) + "[]]" }
	for _, c := range []struct {
		name string
		run  attack
	}{
		{"lists in extensions", post(`{"extensions":{"a":` + lists(mb/3-100) + `}}`)},
		{"lists in variables", post(`{"query":"{__typename}","variables":{"a":` + lists(mb/3-100) + `}}`)},
		{"an unknown member", post(`{"a":` + lists(mb/3-100) + `,"query":"{__typename}"}`)},
		{"deep variables", post(`{"query":"{__typename}","variables":` + strings.Repeat(`{"a":`, mb/12) + "1" + strings.Repeat("}", mb/12) + `}`)},
		{"many members", post(`{"query":"{__typename}","variables":{` + strings.Repeat(`"a":1,`, mb/6-100) + `"b":1}}`)},
		{"a long text in a variable", post(`{"query":"query($s:String){products(first:1,search:$s){nodes{id}}}","variables":{"s":"` + strings.Repeat("x", mb-200) + `"}}`)},
		{"long comments", kept(func(n string) string { return "query Q {__typename} #" + n + strings.Repeat("x", 60_000) })},
		{"long literals", kept(func(n string) string {
			return `query Q { products(first: 1, search: \"` + n + strings.Repeat("x", 60_000) + `\") { pageInfo { hasNextPage } } }`
		})},
		{"many fields", kept(func(n string) string {
			return `query Q { product(id: \"p1\") { ...F related { ...F related { ...F related { ...F } } } } } fragment F on Product {` + strings.Repeat(" id name description", 9) + ` } #` + n
		})},
		{"many values", kept(func(n string) string {
			return `mutation Q($b: Boolean!, $i: OrderItemInput = {productId: \"p1\", quantity: 1}) {` + strings.Repeat(" ...F", 19) +
				` } fragment F on Mutation { ... @include(if: $b) { placeOrder(input: {items: [` + strings.Repeat("$i ", 400) + `]}) { order { id } } } } #` + n
		})},
		{"invalid documents", func(a *attacker, round int) {
			a.post(fmt.Sprintf(`{"query":"{ a%d_%d: nothing %s }"}`, a.id, round, strings.Repeat("x ", 1500)))
		}},
		{"tokens beyond the limit", post(`{"query":"{` + strings.Repeat("a ", mb/2-100) + `}"}`)},
		{"introspection", post(`{"query":"{` + func() string {
			var b strings.Builder
			for i := range 20 {
				fmt.Fprintf(&b, " s%d: __schema { types { name fields { name args { name } } } }", i)
			}
			return b.String()
		}() + `}"}`)},
		{"bad tokens", func(a *attacker, _ int) {
			for range 20 {
				a.post(`{"query":"{__typename}"}`, "Authorization", "Bearer "+strings.Repeat("x", 1000))
			}
		}},
		{"bodies that do not end", unended},
		{"answers that nobody reads", unread},
		{"long ids over WebSocket", longIDs},
		{"operations over WebSocket", manyOperations},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			peak, slowest, refused := g.under(t, c.run, rounds)
			t.Logf("%-28s %4d MB, {__typename} p99 %v, %d refused", c.name, peak>>20, slowest.Round(time.Millisecond), refused)
			if peak > mostMemory {
				t.Errorf("%d MB", peak>>20)
			}
		})
	}
}

// under attacks a gateway. It returns the most memory that it took, the 99th
// percentile of the time of a small query meanwhile, and how many requests were
// refused.
func (g *gateway) under(t *testing.T, run attack, rounds int) (peak int64, p99 time.Duration, refused int64) {
	t.Helper()
	process := fmt.Sprintf("/proc/%d/", g.cmd.Process.Pid)
	if err := os.WriteFile(process+"clear_refs", []byte("5"), 0o600); err != nil { // the peak begins anew (proc(5))
		t.Skip("this system does not tell the peak of a process's memory")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var group sync.WaitGroup
	attackers := make([]*attacker, attackers)
	for i := range attackers {
		a := &attacker{id: i, g: g, client: &http.Client{Transport: &http.Transport{}}, ctx: ctx}
		attackers[i] = a
		group.Go(func() {
			defer a.client.CloseIdleConnections()
			for round := range rounds {
				run(a, round)
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	var times []time.Duration
	bystander := &attacker{g: g, client: &http.Client{}, ctx: ctx}
	pace := time.NewTicker(5 * time.Millisecond) // the attackers need a processor too
	defer pace.Stop()
	for ended := false; !ended; {
		start := time.Now()
		if status := bystander.post(`{"query":"{__typename}"}`); status != http.StatusOK {
			t.Errorf("a bystander has the status %d", status)
		}
		times = append(times, time.Since(start))
		select {
		case <-done:
			ended = true
		case <-pace.C:
		}
	}
	for _, a := range attackers {
		refused += a.refused.Load()
		if wrong := a.wrong.Load(); wrong != nil {
			t.Errorf("the attack does not come so far: %.300s", *wrong)
			break
		}
	}
	slices.Sort(times)
	return peakOf(t, process+"status"), times[len(times)*99/100], refused
}

// peakOf is the peak of a process's memory, in bytes.
func peakOf(t *testing.T, file string) int64 {
	t.Helper()
	return memoryOf(t, file, "VmHWM:")
}

// memoryOf is a line of a process's status, in bytes.
func memoryOf(t *testing.T, file, name string) int64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatalf("%s has no %s", file, name)
	return 0
}

// kept sends documents that nobody sent before and that are valid, so that the
// gateway keeps them. They are not executed: one has two operations, so that its
// name would be needed.
func kept(document func(n string) string) attack {
	return func(a *attacker, round int) {
		for i := range 20 {
			_, text := a.ask(fmt.Sprintf(`{"query":"%s \n query Other {__typename}","operationName":"Other"}`, document(fmt.Sprint(a.id, " ", round, " ", i))))
			if text != `{"data":{"__typename":"Query"}}` {
				a.wrong.Store(&text)
			}
		}
	}
}

func post(body string) attack {
	return func(a *attacker, _ int) { a.post(body) }
}

// post sends a request, and returns its status; 0 if the connection was closed.
func (a *attacker) post(body string, header ...string) int {
	status, _ := a.ask(body, header...)
	return status
}

// ask is post that returns the answer, too.
func (a *attacker) ask(body string, header ...string) (status int, text string) {
	req, err := http.NewRequestWithContext(a.ctx, http.MethodPost, a.g.url+"/graphql/web", strings.NewReader(body))
	if err != nil {
		return 0, ""
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := a.client.Do(req)
	if err != nil {
		a.refused.Add(1)
		return 0, ""
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		a.refused.Add(1)
	}
	return resp.StatusCode, string(answer)
}

// dial opens a connection, which is closed by end.
func (a *attacker) dial() (conn net.Conn, end func()) {
	conn, err := new(net.Dialer).DialContext(a.ctx, "tcp", strings.TrimPrefix(a.g.url, "http://"))
	if err != nil {
		a.refused.Add(1)
		return nil, func() {}
	}
	return conn, func() { _ = conn.Close() }
}

// unended sends most of four bodies and then nothing.
func unended(a *attacker, _ int) {
	var conns []net.Conn
	for range 4 {
		conn, end := a.dial()
		defer end()
		if conn == nil {
			return
		}
		_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
		fmt.Fprintf(conn, "POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
		_, _ = conn.Write([]byte(`{"query":"{__typename} #` + strings.Repeat("x", 999_000)))
		conns = append(conns, conn)
	}
	for _, conn := range conns { // which waits for the deadline unless the body is refused
		if n, _ := conn.Read(make([]byte, 100)); n > 0 {
			a.refused.Add(1)
		}
	}
}

// unread asks for large answers, many in a connection, and reads none.
func unread(a *attacker, _ int) {
	conn, end := a.dial()
	defer end()
	if conn == nil {
		return
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	body := `{"query":"{ products(first: 100) { nodes { id name description related(first: 20) { id name description } } } }"}`
	var request bytes.Buffer
	for range 20 {
		fmt.Fprintf(&request, "POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	_, _ = conn.Write(request.Bytes())
	_, _ = conn.Read(make([]byte, 1)) // the first answer comes
}

// socket opens a WebSocket; nil if it is refused.
func (a *attacker) socket() *websocket.Conn {
	conn, _, err := websocket.Dial(a.ctx, strings.Replace(a.g.url, "http", "ws", 1)+"/graphql/web", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: a.client})
	if err != nil {
		a.refused.Add(1)
		return nil
	}
	if conn.Write(a.ctx, websocket.MessageText, []byte(`{"type":"connection_init"}`)) != nil {
		return nil
	}
	return conn
}

// longIDs begins operations whose ids are as long as a message.
func longIDs(a *attacker, _ int) {
	conn := a.socket()
	if conn == nil {
		return
	}
	defer conn.CloseNow() //nolint:errcheck // it may be closed
	for i := range 5 {
		message := fmt.Sprintf(`{"type":"subscribe","id":"%d%s","payload":{"query":"subscription { stockChanged(productId: \"p1\") { available } }"}}`, i, strings.Repeat("x", 900_000))
		if conn.Write(a.ctx, websocket.MessageText, []byte(message)) != nil {
			a.refused.Add(1)
			return
		}
	}
	if _, _, err := conn.Read(a.ctx); err != nil {
		a.refused.Add(1)
	}
}

// manyOperations begins as many operations as it can over a few sockets, and
// reads no answers.
func manyOperations(a *attacker, _ int) {
	for range 3 {
		conn := a.socket()
		if conn == nil {
			continue
		}
		defer conn.CloseNow() //nolint:errcheck // it may be closed
		for i := range 150 {
			message := fmt.Sprintf(`{"type":"subscribe","id":"%d","payload":{"query":"{ products(first: 100) { nodes { id name description related(first: 20) { id name description } } } }"}}`, i)
			if conn.Write(a.ctx, websocket.MessageText, []byte(message)) != nil {
				a.refused.Add(1)
				break
			}
		}
	}
}

// A service that sends far more rows than the list may have takes little memory:
// the others are skipped.
func TestMemoryOfLongLists(t *testing.T) {
	const rows, callers, most = 90_000, 40, 300 << 20
	row := `{"id":"p1","product_name":"A","currency":"EUR"}`
	long := `{"products":[` + strings.Repeat(row+",", rows-1) + row + `],"next_cursor":"x"}`
	catalog := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(long)))
		_, _ = io.WriteString(w, long)
	}))
	defer catalog.Close()
	d := demotest.Start(t)
	config := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, config, loopback+authDemo(d)+strings.Replace(services(d), d.URL(demo.Catalog), catalog.URL, 1))
	g := startBeside(t, d, "..", plainGateway(t), "-config", config)
	process := fmt.Sprintf("/proc/%d/", g.cmd.Process.Pid)
	if err := os.WriteFile(process+"clear_refs", []byte("5"), 0o600); err != nil {
		t.Skip("this system does not tell the peak of a process's memory")
	}
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			a := g.query(t, "web", fmt.Sprintf(`{ products(first: 3, search: "s%d") { nodes { id } } }`, i), nil)
			if string(a.Data) != `{"products":{"nodes":[{"id":"p1"},{"id":"p1"},{"id":"p1"}]}}` {
				t.Errorf("got %.300s", a.body)
			}
		})
	}
	group.Wait()
	peak := peakOf(t, process+"status")
	t.Logf("%d MB for %d lists of %d rows, %d MB each", peak>>20, callers, rows, len(long)>>20)
	if peak > most {
		t.Errorf("%d MB, want at most %d", peak>>20, most>>20)
	}
}
