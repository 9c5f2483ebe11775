package auth

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the proxies in front of a gateway. The zero value trusts none.
type Proxies struct {
	// Trusted are the networks of those whose Header is believed.
	Trusted []netip.Prefix
	// Header is the one in which they pass the client's address on:
	// X-Forwarded-For or Forwarded. The other one is not read: a proxy that writes
	// the one passes the other on as it came.
	Header string
}

// ClientAddress returns the address of the client that sent a request: the peer,
// or, if that is a trusted proxy, the address that it passes on. Proxies add to
// the right of the header, so it is read from there: the first address that is
// not a trusted proxy's is the client's. What is left of it anyone may have
// written.
//
// The peer of a Unix domain socket has no address. It is a trusted proxy, since the mode of
// the socket decides who can connect. The address is not valid if it passes none on.
func (p Proxies) ClientAddress(r *http.Request) netip.Addr {
	var address netip.Addr
	trusted := isOfSocket(r)
	if !trusted {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return netip.Addr{}
		}
		address = peer.Addr().Unmap()
		if len(p.Trusted) == 0 {
			return address
		}
		trusted = p.Trust(address)
	}
	hops := hopsOf(r.Header.Values(p.Header), p.Header)
	for trusted && len(hops) > 0 {
		last := hops[len(hops)-1]
		hops = hops[:len(hops)-1]
		next, ok := parseHop(last)
		if !ok {
			break // it hides the client, which is then the proxy as far as is known
		}
		address, trusted = next, p.Trust(next)
	}
	return address
}

// isOfSocket reports whether a request came over a Unix domain socket.
func isOfSocket(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && local.Network() == "unix"
}

// Trust reports whether an address is that of a trusted proxy.
func (p Proxies) Trust(address netip.Addr) bool {
	return slices.ContainsFunc(p.Trusted, func(network netip.Prefix) bool { return network.Contains(address) })
}

// hopsOf returns the entries of all lines of a header, of Forwarded the nodes after
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
