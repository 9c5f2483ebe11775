package config

import (
	"fmt"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// Version is where the endpoints of a version of a service are: it has one of the
// three.
type Version struct {
	// URL, URLs and URLsFile are as those of [Service].
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
	at := path + ".urls"
	if v.URL != "" {
		at = path + ".url"
	}
	if err := endpoint.CheckTargets(v.Targets()); err != nil {
		p.need(false, at, "is wrong: "+err.Error())
		return ""
	}
	u, _ := endpoint.ParseURL(v.Targets()[0].URL) // CheckTargets has done that
	return u.Scheme
}

// Rule sends calls of a service to one of its versions.
type Rule struct {
	// To is the name of the version.
	To string `yaml:"to"`
	// Frontend is the one for whose requests the rule is; empty for all.
	Frontend string `yaml:"frontend"`
	// Header is that of a request which gets the version.
	Header string `yaml:"header"`
	// Claim is that of a token whose bearer gets it.
	Claim string `yaml:"claim"`
	// Percent is the share of the other requests that get it; nil if the rule has none.
	Percent *float64 `yaml:"percent"`
	// Sticky is what requests have in common that get the same version.
	Sticky string `yaml:"sticky"`
}

// Rules are a list of rules, or one.
type Rules []Rule

// UnmarshalYAML is part of yaml.InterfaceUnmarshaler of goccy/go-yaml.
func (r *Rules) UnmarshalYAML(unmarshal func(any) error) error {
	var one Rule
	if err := unmarshal(&one); err == nil {
		*r = Rules{one}
		return nil
	}
	return unmarshal((*[]Rule)(r))
}

// Mirror sends copies of calls that only read to one of the versions of a service.
type Mirror struct {
	// To is the name of the version.
	To string `yaml:"to"`
	// Percent is the share of the calls.
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
		names := sortedKeys(s.Versions)
		p.need(ok, at, fmt.Sprintf("must be one of versions, and is %q; there are %q", name, names))
	}
	for i, rule := range s.Canary {
		at := fmt.Sprintf("%s.canary[%d]", path, i)
		known(at+".to", rule.To)
		p.need(rule.Percent == nil || *rule.Percent >= 0 && *rule.Percent <= 100, at+".percent", "must be from 0 to 100")
		p.need(rule.Sticky == "" || rule.Percent != nil, at+".sticky", "is for a percentage, and there is none")
	}
	if s.Mirror != nil {
		known(path+".mirror.to", s.Mirror.To)
		p.need(s.Mirror.Percent > 0 && s.Mirror.Percent <= 100, path+".mirror.percent", "must be more than 0 and at most 100")
	}
	if s.Fallback != "" {
		known(path+".fallback", s.Fallback)
	}
}
