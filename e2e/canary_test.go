package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/portico-gateway/portico/e2e/faultproxy"
	"github.com/portico-gateway/portico/e2e/fleettest"
)

// docs/routing.md, a canary: by header and by percentage, over REST and gRPC; when the
// version fails, the service's own does not.
func TestCanary(t *testing.T) {
	t.Parallel()
	for _, protocol := range []protocol{overREST, overGRPC} {
		t.Run(protocol.name, func(t *testing.T) {
			t.Parallel()
			f := &fleet{protocol: protocol, ledger: &fleettest.Ledger{}}
			for range 2 {
				f.add(t, "127.0.0.1:"+strconv.Itoa(faultproxy.FreePort(t, "127.0.0.1")), fleettest.Options{})
			}
			url := func(i int) string { return strconv.Quote(protocol.scheme + "://" + f.proxies[i].Addr + protocol.base) }
			f.run(t, "url: "+url(0)+", versions: {v2: {url: "+url(1)+"}}, canary: {to: v2, percent: 20, header: x-canary, sticky: $subject}", "")

			const n = 200
			sent := 0
			send := func(header string) (failed int) {
				for range n {
					sent++
					if !f.answers(t, strconv.Itoa(sent), header) {
						failed++
					}
				}
				return failed
			}
			for header, want := range map[string][2]float64{"always": {1, 1}, "never": {0, 0}, "": {.08, .35}} {
				share := f.share(1, func() {
					if failed := send(header); failed > 0 {
						t.Errorf("%q: %d of %d requests failed", header, failed, n)
					}
				})
				if share < want[0] || share > want[1] {
					t.Errorf("%q: v2 has %.3f of the calls, want %v", header, share, want)
				}
			}
			f.proxies[1].Set(faultproxy.Dead)
			if failed := send("always"); failed != n {
				t.Errorf("of %d requests that want the version, which is dead, %d failed", n, failed)
			}
			if failed := send("never"); failed > 0 {
				t.Errorf("of %d requests that do not want it, %d failed", n, failed)
			}
		})
	}
}

// answers sends a query with X-Canary, and reports whether its field has a value.
func (f *fleet) answers(t *testing.T, id, canary string) bool {
	t.Helper()
	body := fmt.Sprintf(`{"query":%q}`, "{ "+fmt.Sprintf(f.protocol.query, id)+" }")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.gateway.url+"/graphql/fleet", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if canary != "" {
		req.Header.Set("X-Canary", canary)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return !bytes.Contains(text.Bytes(), []byte(`"errors"`))
}
