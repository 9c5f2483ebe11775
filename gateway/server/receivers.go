package server

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
)

// checkReceivers reports services to which portico.yaml sends the caller's
// credentials or subject, although the frontends were generated from schemas
// that do not say so (@service). What such a service answers for one caller
// could be cached for others.
func checkReceivers(services map[string]config.Service, frontends []execute.Frontend) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(services)) {
		s, setting := services[name], ""
		switch {
		case s.ForwardAuthorization:
			setting = "forwardAuthorization"
		case s.SubjectHeader != "":
			setting = "subjectHeader"
		default:
			continue
		}
		if slices.ContainsFunc(frontends, func(f execute.Frontend) bool { return !slices.Contains(f.Receivers, name) }) {
			errs = append(errs, fmt.Errorf("services.%[1]s.%[2]s: the schemas do not say that the service receives the caller, "+
				"so its answers could be cached for others; add extend schema @service(name: %[1]q, receivesCaller: true), and generate", name, setting))
		}
	}
	return errors.Join(errs...)
}
