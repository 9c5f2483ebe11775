package demo

import (
	"errors"
	"net/http"
	"time"

	"github.com/portico-gateway/portico/demo/internal/calls"
	"github.com/portico-gateway/portico/demo/internal/fault"
	"github.com/portico-gateway/portico/demo/internal/rest"
)

// controlRoutes are [Demo]'s methods over HTTP.
func (d *Demo) controlRoutes() http.Handler {
	routes := http.NewServeMux()
	routes.Handle("GET /calls", rest.Handler(d.getCalls))
	routes.Handle("POST /reset", rest.Handler(d.postReset))
	routes.Handle("GET /faults", rest.Handler(d.getFaults))
	routes.Handle("POST /faults", rest.Handler(d.postFault))
	routes.Handle("DELETE /faults", rest.Handler(d.deleteFaults))
	routes.Handle("GET /healthz", httpHealth(func() bool { return true }))
	return routes
}

type callsAnswer struct {
	Calls calls.Counts `json:"calls"`
	Total int          `json:"total"`
}

func (d *Demo) getCalls(w http.ResponseWriter, _ *http.Request) error {
	counts := d.calls.Counts()
	return rest.WriteJSON(w, http.StatusOK, callsAnswer{Calls: counts, Total: counts.Total()})
}

func (d *Demo) postReset(w http.ResponseWriter, _ *http.Request) error {
	d.Reset()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// faultJSON is a [Fault] as people write it.
type faultJSON struct {
	Delay     string  `json:"delay,omitempty"` // such as "1.5s"
	ErrorRate float64 `json:"errorRate,omitempty"`
	Hang      bool    `json:"hang,omitempty"`
	HTML      bool    `json:"html,omitempty"`
}

func (f faultJSON) fault() (Fault, error) {
	set := Fault{ErrorRate: f.ErrorRate, Hang: f.Hang, HTML: f.HTML}
	if f.Delay == "" {
		return set, nil
	}
	delay, err := time.ParseDuration(f.Delay)
	if err != nil {
		return Fault{}, rest.BadRequest("the delay is not a duration such as \"1.5s\"")
	}
	set.Delay = delay
	return set, nil
}

func (d *Demo) getFaults(w http.ResponseWriter, _ *http.Request) error {
	faults := make(map[string]faultJSON)
	for name, f := range d.faults.Faults() {
		faults[name] = faultJSON{ErrorRate: f.ErrorRate, Hang: f.Hang, HTML: f.HTML}
		if f.Delay > 0 {
			faults[name] = faultJSON{Delay: f.Delay.String(), ErrorRate: f.ErrorRate, Hang: f.Hang, HTML: f.HTML}
		}
	}
	return rest.WriteJSON(w, http.StatusOK, map[string]map[string]faultJSON{"faults": faults})
}

func (d *Demo) postFault(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		faultJSON

		Service string `json:"service"`
	}
	if err := rest.ReadJSON(w, r, &in); err != nil {
		return err
	}
	f, err := in.fault()
	if err != nil {
		return err
	}
	if err := d.SetFault(in.Service, f); err != nil {
		if unknown, ok := errors.AsType[*fault.UnknownServiceError](err); ok {
			return rest.NotFound("%v", unknown)
		}
		return rest.BadRequest("%v", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *Demo) deleteFaults(w http.ResponseWriter, _ *http.Request) error {
	d.Heal()
	w.WriteHeader(http.StatusNoContent)
	return nil
}
