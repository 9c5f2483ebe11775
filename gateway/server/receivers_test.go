package server

import (
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
)

// A gateway does not start when portico.yaml sends the caller to a service whose
// answers the schemas take for everybody's.
func TestReceivers(t *testing.T) {
	known := []execute.Frontend{{Name: "web", Receivers: []string{"orders"}}, {Name: "tv", Receivers: []string{"orders"}}}
	for name, c := range map[string]struct {
		service   config.Service
		frontends []execute.Frontend
		refused   bool
	}{
		"nothing is sent":           {config.Service{}, []execute.Frontend{{Name: "web"}}, false},
		"the schemas say so":        {config.Service{ForwardAuthorization: true, SubjectHeader: "X-User"}, known, false},
		"credentials":               {config.Service{ForwardAuthorization: true}, []execute.Frontend{{Name: "web"}}, true},
		"the subject":               {config.Service{SubjectHeader: "X-User"}, []execute.Frontend{{Name: "web"}}, true},
		"one frontend is older":     {config.Service{SubjectHeader: "X-User"}, append(known[:1:1], execute.Frontend{Name: "tv"}), true},
		"another service is meant":  {config.Service{SubjectHeader: "X-User"}, []execute.Frontend{{Name: "web", Receivers: []string{"accounts"}}}, true},
		"there are no frontends":    {config.Service{SubjectHeader: "X-User"}, nil, false},
		"it is said and not needed": {config.Service{}, known, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkReceivers(&config.Config{Services: map[string]config.Service{"orders": c.service}}, c.frontends)
			if (err != nil) != c.refused {
				t.Errorf("got %v", err)
			}
		})
	}
}
