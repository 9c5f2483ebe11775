package answer

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/provenance"
)

// passed are the header fields that services pass to the caller.
type passed struct {
	header http.Header
	lost   bool // there were too many
}

func passedOf(s provenance.Summary) passed { return passed{header: s.Header(), lost: s.PassedOver} }

// write adds the fields to the header of an answer, unless that has them already.
// Pages of the origins that CORS lets read the answer may read them, too.
func (p passed) write(to http.Header) {
	if len(p.header) == 0 {
		return // also because a loop over nothing allocates
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.header)) {
		if to[name] != nil {
			continue
		}
		to[name] = p.header[name]
		if name != "Set-Cookie" { // which no page can read
			names = append(names, name)
		}
	}
	if exposed := to["Access-Control-Expose-Headers"]; len(exposed) > 0 && len(names) > 0 {
		to["Access-Control-Expose-Headers"] = []string{strings.Join(append(slices.Clip(exposed), names...), ", ")}
	}
}
