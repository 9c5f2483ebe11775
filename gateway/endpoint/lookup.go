package endpoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// site is what is found of an endpoint. Two of one key are the same endpoint.
type site struct {
	key
	weight   float64
	priority int // of the target
	rank     int // within it: of SRV records, from 0 for those of the lowest priority
	// other reports that the host has addresses of a family that is to be preferred
	// (RFC 6724).
	other bool
	zone  string
}

// key identifies an endpoint.
type key struct {
	network   string // tcp or unix
	address   string // host:port, or the path of a socket
	authority string
}

// What is looked up holds for the TTL of the records, which is bounded. That of names
// that are not from a DNS server (/etc/hosts) is not known.
const (
	shortestTTL   = time.Second
	longestTTL    = 5 * time.Minute
	unknownTTL    = 30 * time.Second
	lookupTimeout = 5 * time.Second
	mostAddresses = 1000
)

// resolver looks up names. It is safe for concurrent use.
type resolver struct {
	server string // host:port of a DNS server; empty for those of the system
}

// sites returns the endpoints of a target, and for how long they hold; 0 if they don't
// change.
func (r resolver) sites(ctx context.Context, t Target) ([]site, time.Duration, error) {
	u, err := ParseURL(t.URL)
	if err != nil {
		return nil, 0, err
	}
	base := site{weight: float64(max(t.Weight, 1)), priority: t.Priority, zone: t.Zone}
	if u.Socket != "" {
		base.key = key{"unix", u.Socket, u.authority()}
		return []site{base}, 0, nil
	}
	if address, ok := u.address(); ok {
		base.key = key{"tcp", address.String(), u.authority()}
		return []site{base}, 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	ttl := &ttl{}
	var found []site
	if u.SRV {
		found, err = r.srv(ctx, u, base, ttl)
	} else {
		found, err = r.host(ctx, u, base, ttl)
	}
	if err != nil {
		return nil, 0, withoutServer(err)
	}
	return found[:min(len(found), mostAddresses)], ttl.bounded(), nil
}

// host returns the endpoints of a host: one for each address. They share the weight.
func (r resolver) host(ctx context.Context, u URL, base site, ttl *ttl) ([]site, error) {
	addresses, err := r.using(ttl).LookupNetIP(ctx, "ip", u.Host)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(u.Port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("the port of %s: %w", u.Host, err)
	}
	base.weight /= float64(len(addresses))
	found := make([]site, len(addresses))
	for i, address := range addresses {
		address = address.Unmap()
		s := base
		s.key = key{"tcp", netip.AddrPortFrom(address, uint16(port)).String(), u.authority()}
		s.other = address.Is4() != addresses[0].Unmap().Is4()
		found[i] = s
	}
	return found, nil
}

// srv returns the endpoints of SRV records (RFC 2782), without those whose hosts can't
// be looked up, unless none is left.
func (r resolver) srv(ctx context.Context, u URL, base site, ttl *ttl) ([]site, error) {
	_, records, err := r.using(ttl).LookupSRV(ctx, "", "", u.Host)
	if err != nil {
		return nil, err
	}
	weights := srvWeights(records)
	ranks := slices.Sorted(maps.Keys(weights))
	var found []site
	var errs []error
	for _, record := range records {
		if record.Target == "." { // the service is not there
			continue
		}
		s := base
		s.rank = slices.Index(ranks, record.Priority)
		s.weight = base.weight * srvWeight(record.Weight) / weights[record.Priority]
		host := URL{Scheme: u.Scheme, Host: strings.TrimSuffix(record.Target, "."), Port: strconv.Itoa(int(record.Port))}
		more, err := r.host(ctx, host, s, ttl)
		errs = append(errs, err)
		found = append(found, more...)
	}
	if len(found) == 0 {
		return nil, errors.Join(append(errs, fmt.Errorf("%s has no SRV record of an endpoint", u.Host))...)
	}
	return found, nil
}

// srvWeights returns the sum of the weights of each priority. Other targets know nothing of
// the numbers of these records: what they have in all is the weight of their target.
func srvWeights(records []*net.SRV) map[uint16]float64 {
	sums := map[uint16]float64{}
	for _, record := range records {
		if record.Target != "." {
			sums[record.Priority] += srvWeight(record.Weight)
		}
	}
	return sums
}

// srvWeight returns the weight of a record. One of 0 is for a very small share, if others
// have more.
func srvWeight(weight uint16) float64 {
	const small = 0.1
	return max(float64(weight), small)
}

// using returns a resolver that notes the TTLs of the records that it sees. It is for
// one lookup, since those of one net.Resolver can share answers.
func (r resolver) using(ttl *ttl) *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if r.server != "" {
				address = r.server
			}
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return ttl.watch(conn), nil
		},
	}
}

// withoutServer returns an error of a lookup whose text does not change with the port
// of each attempt.
func withoutServer(err error) error {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Errorf("lookup %s: %s", e.Name, e.Err)
	}
	return err
}
