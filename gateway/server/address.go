package server

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/portico-gateway/portico/gateway/config"
)

// clientAddress finds who sends a request: the peer, or, if that is a trusted
// proxy, whom it tells of. Proxies add to the right of the header, so it is
// read from there: the first address that is not a trusted proxy's is the
// client's. What is left of it anyone may have written.
//
// Only the header that the configuration names is read: a proxy that writes
// the one passes the other on as it came.
func clientAddress(r *http.Request, cfg config.Server) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap()
	if len(cfg.TrustedProxies) == 0 {
		return address
	}
	hops := hopsOf(r.Header.Values(cfg.ForwardedHeader), cfg.ForwardedHeader)
	for trusted(address, cfg.TrustedProxies) && len(hops) > 0 {
		last := hops[len(hops)-1]
		hops = hops[:len(hops)-1]
		next, ok := parseHop(last)
		if !ok {
			break // it hides the client, which is then the proxy as far as is known
		}
		address = next
	}
	return address
}

func trusted(address netip.Addr, proxies []config.Network) bool {
	for _, network := range proxies {
		if netip.Prefix(network).Contains(address) {
			return true
		}
	}
	return false
}

// hopsOf are the entries of all lines of a header, of Forwarded the nodes after
// "for=" (RFC 7239, section 4).
func hopsOf(lines []string, header string) []string {
	var hops []string
	for _, line := range lines {
		for entry := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(header, "Forwarded") {
				entry = forNode(entry)
			}
			hops = append(hops, strings.TrimSpace(entry))
		}
	}
	return hops
}

func forNode(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// parseHop reads an address, which may have a port and, of IPv6, brackets.
func parseHop(text string) (netip.Addr, bool) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap(), true
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return address.Unmap(), err == nil
}
