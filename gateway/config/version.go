package config

import (
	"fmt"
	"strings"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// Version is where the endpoints of a version of a service are: it has one of the
// three.
type Version struct {
	// URL, URLs and URLsFile are the addresses of the version, as for a service.
	URL      string            `yaml:"url"`
	URLs     []endpoint.Target `yaml:"urls"`
	URLsFile string            `yaml:"urlsFile"`
}

// Targets returns those that URL and URLs say.
func (v Version) Targets() []endpoint.Target {
	if v.URL != "" {
		return []endpoint.Target{{URL: v.URL}}
	}
	return v.URLs
}

// check returns the scheme of the URLs; empty if it is not known. The file with the URLs
// is read later.
func (v Version) check(p *problems, path string) (scheme string) {
	given := 0
	for _, is := range []bool{v.URL != "", v.URLs != nil, v.URLsFile != ""} {
		if is {
			given++
		}
	}
	p.need(given > 0, path+".url", "must say where the service is: http://host:port, https://…, grpc://host:port or grpcs://…")
	p.need(given < 2, path+".url", "must be the only one of url, urls and urlsFile")
	if given != 1 || v.URLsFile != "" {
		return ""
	}
	before := len(p.list)
	for i, t := range v.URLs {
		checkTarget(p, t, fmt.Sprintf("%s.urls[%d]", path, i))
	}
	at := path + ".urls"
	if v.URL != "" {
		at = path + ".url"
		checkURL(p, at, v.URL)
	}
	if err := endpoint.CheckTargets(v.Targets()); err != nil {
		p.need(len(p.list) > before, at, err.Error())
		return ""
	}
	u, _ := endpoint.ParseURL(v.Targets()[0].URL) // CheckTargets has done that
	return u.Scheme
}

// checkTarget checks one of the URLs of a service.
func checkTarget(p *problems, t endpoint.Target, path string) {
	before, at := len(p.list), path
	if p.root.has(path + ".url") {
		at += ".url"
	}
	checkURL(p, at, t.URL)
	if err := t.Check(); err != nil {
		p.need(len(p.list) > before, path, err.Error())
	}
}

// checkURL checks a URL. Its messages do not have it unless it has no password.
func checkURL(p *problems, at, text string) {
	_, err := endpoint.ParseURL(text)
	switch {
	case err == nil:
	case text == "":
		p.need(false, at, "must have a url, such as http://host:port")
	case !strings.ContainsAny(text, "/@ "):
		p.need(false, at, "must begin with http://, https://, grpc:// (plain text) or grpcs://: write http://"+text)
	default:
		p.need(false, at, err.Error())
	}
}

// Rule sends calls of a service to one of its versions.
type Rule struct {
	// To is the name of the version.
	To string `yaml:"to"`
	// Frontend restricts the rule to requests of one frontend; empty for all.
	Frontend string `yaml:"frontend"`
	// Header is a header: requests with it get the version, unless its value is never.
	Header string `yaml:"header"`
	// Claim is a claim: requests whose token has it get the version, unless its value is false
	// or null.
	Claim string `yaml:"claim"`
	// Percent is the share of the other requests that get the version; none by default.
	Percent *float64 `yaml:"percent"`
	// Sticky is the key by which requests get the same version: $subject or
	// $request.headers.<name>.
	Sticky string `yaml:"sticky"`
}

// Rules are a list of rules, or one.
type Rules []Rule

// Mirror sends copies of calls that only read to one of the versions of a service.
type Mirror struct {
	// To is the name of the version.
	To string `yaml:"to"`
	// Percent is the share of the calls that are copied.
	Percent float64 `yaml:"percent"`
}

// checkVersions checks the versions of a service, whose URLs have a scheme, and what
// names them.
func (s *Service) checkVersions(p *problems, path, scheme string) {
	for name, v := range s.Versions {
		p.need(name != "", path+".versions", "must have names that are not empty")
		of := v.check(p, path+".versions."+name)
		p.need(of == "" || scheme == "" || of == scheme, path+".versions."+name, "must have URLs of "+scheme+", as the service has")
	}
	known := func(at, name string) {
		_, ok := s.Versions[name]
		p.need(ok, at, noneOf(name, "versions", sortedKeys(s.Versions)))
	}
	for i, rule := range s.Canary {
		at := fmt.Sprintf("%s.canary[%d]", path, i)
		if !p.root.has(at) { // one rule, without a list
			at = path + ".canary"
		}
		known(at+".to", rule.To)
		p.need(rule.Percent == nil || *rule.Percent >= 0 && *rule.Percent <= 100, at+".percent", "must be from 0 to 100")
		p.need(rule.Sticky == "" || rule.Percent != nil, at+".sticky", "is for a percentage, and there is none: set percent")
		p.need(rule.Sticky == "" || isSticky(rule.Sticky), at+".sticky", "must be $subject or $request.headers.<name>")
	}
	if s.Mirror != nil {
		known(path+".mirror.to", s.Mirror.To)
		p.need(s.Mirror.Percent > 0 && s.Mirror.Percent <= 100, path+".mirror.percent", "must be more than 0 and at most 100")
	}
	if s.Fallback != "" {
		known(path+".fallback", s.Fallback)
	}
}

// isSticky reports whether requests can have in common what a rule names.
func isSticky(text string) bool {
	header, found := strings.CutPrefix(text, "$request.headers.")
	return text == "$subject" || found && headerName.MatchString(header)
}
