package e2e_test

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/e2e/dnstest"
	"github.com/portico-gateway/portico/e2e/faultproxy"
	"github.com/portico-gateway/portico/e2e/fleettest"
)

// hasEndpoints says that a service can have several endpoints. Tests that need
// that are skipped while it is false.
const hasEndpoints = true

// needEndpoints skips a test that needs several endpoints of a service.
func needEndpoints(t *testing.T) {
	t.Helper()
	if !hasEndpoints {
		t.Skip("services have one endpoint: see hasEndpoints")
	}
}

// fleetSchema is the frontend of the services of fleettest.
const fleetSchema = `
extend type Query {
  item(id: ID!): FleetItem @rest(service: "fleet", get: "/items/{$args.id}")
  hanging(id: ID!): FleetItem @rest(service: "fleet", get: "/hanging/{$args.id}")
  part(id: ID!): String @grpc(service: "parts", method: "parts.v1.Parts/Get", request: { value: "{$args.id}" }, select: "value")
}
type Mutation {
  addItem(id: ID!): FleetItem @rest(service: "fleet", post: "/items", body: { id: "{$args.id}" })
  touchItem(id: ID!): FleetItem @rest(service: "fleet", get: "/touched/{$args.id}")
  addPart(id: ID!): String @grpc(service: "parts", method: "parts.v1.Parts/Add", request: { value: "{$args.id}" }, select: "value")
}
type Subscription {
  watchedPart(id: ID!): String @grpc(service: "parts", method: "parts.v1.Parts/Watch", request: { value: "{$args.id}" }, select: "value")
}
type FleetItem { id: ID! }
`

// protocol is how the endpoints of a fleet are called.
type protocol struct {
	name, service, scheme, base string
	query                       string   // a field, %q for its id
	mutations                   []string // the same
	start                       func(t testing.TB, addr string, options fleettest.Options) *fleettest.Backend
}

var (
	overREST = protocol{
		name: "REST", service: "fleet", scheme: "http", base: fleettest.Base, start: fleettest.StartHTTP,
		query: "answer: item(id: %q) { id }", mutations: []string{"answer: addItem(id: %q) { id }", "answer: touchItem(id: %q) { id }"},
	}
	overGRPC = protocol{
		name: "gRPC", service: "parts", scheme: "grpc", start: fleettest.StartGRPC,
		query: "answer: part(id: %q)", mutations: []string{"answer: addPart(id: %q)"},
	}
)

// callTimeout is the timeout of calls to a fleet.
const callTimeout = time.Second

// fleet is a gateway before a service with endpoints, each behind a proxy.
type fleet struct {
	protocol protocol
	gateway  *gateway
	ledger   *fleettest.Ledger
	backends []*fleettest.Backend
	proxies  []*faultproxy.Proxy
}

// startFleet runs a gateway before so many endpoints, whose URLs it knows.
func startFleet(t *testing.T, protocol protocol, endpoints int, options fleettest.Options) *fleet {
	t.Helper()
	f := &fleet{protocol: protocol, ledger: &fleettest.Ledger{}}
	var urls []string
	for range endpoints {
		f.add(t, "127.0.0.1:"+strconv.Itoa(faultproxy.FreePort(t, "127.0.0.1")), options)
	}
	for _, p := range f.proxies {
		urls = append(urls, strconv.Quote(protocol.scheme+"://"+p.Addr+protocol.base))
	}
	if endpoints == 1 {
		f.run(t, "url: "+urls[0], "")
	} else {
		f.run(t, "urls: ["+strings.Join(urls, ", ")+"]", "")
	}
	return f
}

// startNamedFleet runs a gateway that finds the endpoints of a name in DNS. They
// are at 127.0.0.2 and so on, all with the same port, and the name has the
// address of the first one.
func startNamedFleet(t *testing.T, protocol protocol, endpoints int) (f *fleet, dns *dnstest.Server) {
	t.Helper()
	f, dns = &fleet{protocol: protocol, ledger: &fleettest.Ledger{}}, dnstest.Start(t)
	var hosts []string
	for i := range endpoints {
		hosts = append(hosts, fleetHost(i))
	}
	port := strconv.Itoa(faultproxy.FreePort(t, hosts...))
	for _, host := range hosts {
		f.add(t, net.JoinHostPort(host, port), fleettest.Options{Latency: fleetLatency})
	}
	dns.Set(fleetName, dnstest.Address(time.Second, hosts[0]))
	f.run(t, fmt.Sprintf("url: %q", protocol.scheme+"://"+net.JoinHostPort(fleetName, port)+protocol.base), fmt.Sprintf("discovery: {resolver: %q}\n", dns.Addr))
	return f, dns
}

// fleetName is the name of endpoints that are found in DNS.
const fleetName = "fleet.portico.test"

// fleetLatency is how long an endpoint takes that is well.
const fleetLatency = 5 * time.Millisecond

// fleetHost returns the address of an endpoint that is found in DNS.
func fleetHost(i int) string { return "127.0.0." + strconv.Itoa(i+2) }

// add starts an endpoint and the proxy before it, at an address.
func (f *fleet) add(t *testing.T, addr string, options fleettest.Options) {
	t.Helper()
	options.Ledger = f.ledger
	backend := f.protocol.start(t, "127.0.0.1:0", options)
	f.backends = append(f.backends, backend)
	f.proxies = append(f.proxies, faultproxy.StartAt(t, addr, backend.Addr))
}

// run starts the gateway: address is how the service is found, and more other
// sections of the configuration.
func (f *fleet) run(t *testing.T, address, more string) {
	t.Helper()
	e, err := extended()
	if err != nil {
		t.Fatal(err)
	}
	d := demotest.Start(t)
	var b strings.Builder
	b.WriteString(loopback + authDemo(d) + "cache: {size: 0}\n" + more + services(d))
	for name, url := range noServices {
		if name != f.protocol.service {
			fmt.Fprintf(&b, "  %s: {url: %q}\n", name, url)
		}
	}
	fmt.Fprintf(&b, "  %s: {%s, timeout: %v}\n", f.protocol.service, address, callTimeout)
	file := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, file, b.String())
	f.gateway = startBeside(t, d, e.dir, e.binary, "-config", file)
}

// calls returns how many calls each endpoint was sent.
func (f *fleet) calls() []int64 {
	var calls []int64
	for _, b := range f.backends {
		calls = append(calls, b.Calls())
	}
	return calls
}

// sum returns the sum of counts.
func sum(counts []int64) (total int64) {
	for _, n := range counts {
		total += n
	}
	return total
}
