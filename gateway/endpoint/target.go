package endpoint

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Target is where endpoints of a service are: an address, or a name that stands for
// several. In YAML it is an object, or a text, which is its URL.
type Target struct {
	// URL is a URL, as for a service: see [ParseURL].
	URL string `yaml:"url"`
	// Weight is the share of the calls that its endpoints get together, compared with targets
	// of the same zone and priority; 0 means 1.
	Weight int `yaml:"weight"`
	// Priority orders endpoints: those of a higher number are called when too few of a lower
	// one are available.
	Priority int `yaml:"priority"`
	// Zone is the zone of its endpoints; empty if unknown. See [Config.Zone].
	Zone string `yaml:"zone"`
}

// UnmarshalYAML is part of yaml.InterfaceUnmarshaler of goccy/go-yaml.
func (t *Target) UnmarshalYAML(unmarshal func(any) error) error {
	if err := unmarshal(&t.URL); err == nil {
		return nil
	}
	type object Target
	return unmarshal((*object)(t))
}

// Check returns an error if the target is not valid.
func (t Target) Check() error {
	if _, err := ParseURL(t.URL); err != nil {
		return err
	}
	if t.Weight < 0 || t.Weight > mostWeight {
		return fmt.Errorf("the weight of %s must be from 1 to %d", t.URL, mostWeight)
	}
	if t.Priority < 0 || t.Priority > mostPriority {
		return fmt.Errorf("the priority of %s must be from 0 to %d", t.URL, mostPriority)
	}
	return nil
}

// The most that a target may have.
const (
	mostWeight   = 1000
	mostPriority = 100
)

// URL is a URL of a service.
type URL struct {
	// Scheme is http, https, grpc (plain text) or grpcs.
	Scheme string
	// Path is that of an HTTP service, which goes before those of all requests:
	// escaped, without a slash at its end.
	Path string
	// Host is a name or an address, without brackets; empty for a socket.
	Host string
	// Port is a number; empty for SRV records, which have it, and for a socket.
	Port string
	// Socket is the path of a Unix domain socket.
	Socket string
	// SRV reports whether Host is the name of SRV records (RFC 2782).
	SRV bool
}

// ParseURL parses the URL of a service:
//
//	http://host:port/path       https://… grpc://host:port (plain text) grpcs://host:port
//	http+srv://_http._tcp.name  the SRV records of a name, over any of these schemes
//	http+unix:///run/a.socket   a Unix domain socket
//
// The port of http is 80 by default, that of https 443. Its error does not have the URL,
// which may have a password.
func ParseURL(text string) (URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return URL{}, errors.New("it is not a URL: want http://host:port, https://…, grpc://host:port or grpcs://…")
	}
	scheme, found, _ := strings.Cut(u.Scheme, "+")
	out := URL{Scheme: scheme}
	switch {
	case !slices.Contains([]string{"http", "https", "grpc", "grpcs"}, scheme):
		return out, fmt.Errorf("it begins with %q: want http://, https://, grpc:// (plain text) or grpcs://", u.Scheme)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "": // not to be dropped in silence
		return out, errors.New("it must be without user, query and fragment")
	}
	switch found {
	case "":
		err = out.direct(u)
	case "srv":
		err = out.srv(u)
	case "unix":
		err = out.unix(u)
	default:
		err = fmt.Errorf("it begins with %q: want +srv for SRV records, +unix for a Unix domain socket, or neither", u.Scheme)
	}
	if err == nil && strings.HasPrefix(scheme, "grpc") && out.Path != "" {
		err = errors.New("a URL of gRPC has no path")
	}
	return out, err
}

func (u *URL) direct(from *url.URL) error {
	u.Host, u.Port, u.Path = from.Hostname(), from.Port(), strings.TrimSuffix(from.EscapedPath(), "/")
	if u.Host == "" {
		return errors.New("it has no host")
	}
	if strings.Contains(u.Host, "%") {
		return errors.New("its host must be without escapes and without an IPv6 zone")
	}
	if u.Port == "" {
		switch u.Scheme {
		case "http":
			u.Port = "80"
		case "https":
			u.Port = "443"
		default:
			return errors.New("it has no port")
		}
	}
	if port, err := strconv.ParseUint(u.Port, 10, 16); err != nil || port == 0 {
		return errors.New("its port must be from 1 to 65535")
	}
	return nil
}

func (u *URL) srv(from *url.URL) error {
	u.Host, u.SRV, u.Path = from.Hostname(), true, strings.TrimSuffix(from.EscapedPath(), "/")
	switch {
	case u.Host == "":
		return errors.New("it has no name of SRV records")
	case from.Port() != "":
		return errors.New("it must be without a port: SRV records have it")
	}
	return nil
}

func (u *URL) unix(from *url.URL) error {
	u.Socket = from.Path
	if from.Host != "" || !strings.HasPrefix(u.Socket, "/") {
		return fmt.Errorf("it must have the absolute path of a socket: %s+unix:///run/service.socket", u.Scheme)
	}
	return nil
}

// authority returns what a request has as its host: with the port, unless it is the
// scheme's.
func (u URL) authority() string {
	switch {
	case u.Socket != "":
		return "localhost"
	case u.SRV:
		return u.Host
	case u.Scheme == "http" && u.Port == "80", u.Scheme == "https" && u.Port == "443":
		if strings.Contains(u.Host, ":") {
			return "[" + u.Host + "]"
		}
		return u.Host
	}
	return net.JoinHostPort(u.Host, u.Port)
}

// address returns the address of a URL that need not be looked up.
func (u URL) address() (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(u.Host)
	if err != nil || u.SRV {
		return netip.AddrPort{}, false
	}
	port, _ := strconv.ParseUint(u.Port, 10, 16) // ParseURL has checked it
	return netip.AddrPortFrom(ip, uint16(port)), true
}

// String returns the URL without what is only for lookups: scheme, host and path.
func (u URL) String() string { return u.Scheme + "://" + u.authority() + u.Path }
