package server

import (
	"slices"
	"strconv"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
)

// checkReceivers reports services to which portico.yaml sends the caller's
// credentials or subject, although the frontends were generated from schemas
// that do not say so (@service). What such a service answers for one caller
// could be cached for others.
func checkReceivers(cfg *config.Config, frontends []execute.Frontend) error {
	return cfg.Check(func(need config.Need) {
		for name, s := range cfg.Services {
			setting := ""
			switch {
			case s.ForwardAuthorization:
				setting = "forwardAuthorization"
			case s.SubjectHeader != "":
				setting = "subjectHeader"
			default:
				continue
			}
			silent := slices.ContainsFunc(frontends, func(f execute.Frontend) bool { return !slices.Contains(f.Receivers, name) })
			need(!silent, "services."+name+"."+setting, "the schemas do not say that the service receives the caller, "+
				"so its answers could be cached for others: write extend schema @service(name: "+strconv.Quote(name)+", receivesCaller: true), and generate")
		}
	})
}
