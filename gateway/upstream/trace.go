package upstream

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// Trace is the place of calls in a trace (W3C Trace Context).
type Trace struct {
	ID      [16]byte // all zero for none
	Span    [8]byte  // of which the calls are a part
	Sampled bool
	State   string // tracestate
}

// TraceKey is the key of a context's *[Trace], which services receive instead of the
// caller's trace context. Without one, or if it is nil, the caller's is passed on.
type TraceKey struct{}

func traceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(TraceKey{}).(*Trace)
	return t
}

// TraceIn returns the trace of a header that has passed [CheckTrace]; ok is false if it has
// no trace context.
func TraceIn(header http.Header) (t Trace, ok bool) {
	parent := one(header[traceParent])
	if parent == "" {
		return t, false
	}
	var flags [1]byte
	for _, part := range [...]struct {
		to   []byte
		text string
	}{{t.ID[:], parent[endOfVersion+1 : endOfTraceID]}, {t.Span[:], parent[endOfTraceID+1 : endOfParentID]}, {flags[:], parent[endOfParentID+1 : endOfFlags]}} {
		if _, err := hex.Decode(part.to, []byte(part.text)); err != nil {
			return Trace{}, false
		}
	}
	t.Sampled, t.State = flags[0]&1 != 0, one(header[traceState])
	return t, true
}

// Parent returns the traceparent of calls.
func (t *Trace) Parent() string {
	b := append(make([]byte, 0, endOfFlags), "00-"...)
	b = append(hex.AppendEncode(b, t.ID[:]), '-')
	b = append(hex.AppendEncode(b, t.Span[:]), "-00"...)
	if t.Sampled {
		b[len(b)-1] = '1'
	}
	return string(b)
}

// mostTrace is the most bytes of traceparent and of tracestate.
const mostTrace = 512

// CheckTrace removes an invalid trace context from a header (W3C Trace Context, sections
// 3.2 and 3.3), or one of more than 512 bytes: only tracestate, or both if traceparent is
// invalid. Several lines of tracestate are joined.
func CheckTrace(header http.Header) {
	parent, state := header["Traceparent"], header["Tracestate"]
	if parent == nil && state == nil {
		return
	}
	if len(parent) != 1 || !validTraceparent(parent[0]) {
		delete(header, "Traceparent")
		delete(header, "Tracestate")
		return
	}
	if state == nil {
		return
	}
	if all := strings.Join(state, ","); validTracestate(all) {
		header["Tracestate"] = []string{all}
	} else {
		delete(header, "Tracestate")
	}
}

// The parts of a traceparent: version-traceID-parentID-flags. A version after
// 00 can have more of them.
const (
	endOfVersion  = 2
	endOfTraceID  = endOfVersion + 1 + 32
	endOfParentID = endOfTraceID + 1 + 16
	endOfFlags    = endOfParentID + 1 + 2
)

func validTraceparent(text string) bool {
	if len(text) < endOfFlags || len(text) > mostTrace || !printable(text) {
		return false
	}
	version, traceID := text[:endOfVersion], text[endOfVersion+1:endOfTraceID]
	parentID, flags := text[endOfTraceID+1:endOfParentID], text[endOfParentID+1:endOfFlags]
	for _, at := range []int{endOfVersion, endOfTraceID, endOfParentID} {
		if text[at] != '-' {
			return false
		}
	}
	for _, part := range []string{version, traceID, parentID, flags} {
		if !isLowerHex(part) {
			return false
		}
	}
	if len(text) > endOfFlags && (version == "00" || text[endOfFlags] != '-') {
		return false
	}
	return version != "ff" && strings.Trim(traceID, "0") != "" && strings.Trim(parentID, "0") != ""
}

func isLowerHex(text string) bool {
	return strings.Trim(text, "0123456789abcdef") == ""
}

// validTracestate checks a list of at most 32 members key=value, whose keys
// differ. Members can be empty.
func validTracestate(text string) bool {
	const most = 32
	if len(text) > mostTrace {
		return false
	}
	var keys []string
	for member := range strings.SplitSeq(text, ",") {
		if member = strings.Trim(member, " \t"); member == "" {
			continue
		}
		key, value, found := strings.Cut(member, "=")
		if !found || !validStateKey(key) || !validStateValue(value) || slices.Contains(keys, key) {
			return false
		}
		keys = append(keys, key)
	}
	return len(keys) > 0 && len(keys) <= most
}

// validStateKey checks a simple key, or one of a tenant: tenant@system.
func validStateKey(key string) bool {
	const most, mostTenant, mostSystem = 256, 241, 14
	tenant, system, isTenant := strings.Cut(key, "@")
	if isTenant && (len(tenant) > mostTenant || len(system) > mostSystem || !isStateName(system) || isDigit(system[0])) {
		return false
	}
	return len(key) <= most && isStateName(tenant)
}

// isStateName reports whether a text begins with a lower-case letter or a digit
// and has only these and _-*/ after it.
func isStateName(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && !isDigit(c) && (i == 0 || !strings.ContainsRune("_-*/", rune(c))) {
			return false
		}
	}
	return text != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// validStateValue checks printable ASCII without commas and equals signs, which
// does not end with a space.
func validStateValue(value string) bool {
	const most = 256
	return value != "" && len(value) <= most && printable(value) && !strings.Contains(value, "=") && value[len(value)-1] != ' '
}
