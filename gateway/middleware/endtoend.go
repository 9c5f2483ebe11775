package middleware

import (
	"net/http"
	"net/textproto"
	"strings"

	"github.com/portico-gateway/portico/gateway/upstream"
)

// EndToEnd leaves in a request's header what is for the gateway and for those
// behind it: it removes the fields of the connection, which are those that
// Connection names and some that are known (RFC 9110, section 7.6.1), and a
// trace context that is not valid. A request for a WebSocket keeps Connection
// and Upgrade.
func EndToEnd(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		removeFieldsOfConnection(r.Header)
		upstream.CheckTrace(r.Header)
		next.ServeHTTP(w, r)
	})
}

func removeFieldsOfConnection(header http.Header) {
	upgrade := false
	for _, value := range header["Connection"] {
		for option := range strings.SplitSeq(value, ",") {
			switch name := textproto.CanonicalMIMEHeaderKey(textproto.TrimString(option)); name {
			case "Upgrade":
				upgrade = true
			case "Connection":
			default:
				delete(header, name)
			}
		}
	}
	if upgrade && header["Upgrade"] != nil {
		header["Connection"] = []string{"Upgrade"}
	} else {
		delete(header, "Connection")
		delete(header, "Upgrade")
	}
	for _, name := range [...]string{
		"Keep-Alive", "Te", "Trailer", "Transfer-Encoding",
		"Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info",
	} {
		delete(header, name)
	}
}
