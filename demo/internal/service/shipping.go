package service

import (
	"encoding/xml"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"time"

	"github.com/portico-gateway/portico/demo/internal/data"
	"github.com/portico-gateway/portico/demo/internal/rest"
	"github.com/portico-gateway/portico/demo/internal/shop"
)

// shipping is the legacy service: it speaks XML.
type shipping struct {
	shop *shop.Shop
}

// rateList is the answer of GET /rates.
type rateList struct {
	XMLName xml.Name `xml:"rates"`
	Rates   []rate   `xml:"rate"`
}

// rate says how an order is sent.
type rate struct {
	OrderID string    `xml:"orderId,attr"`
	Carrier string    `xml:"carrier"`
	ETA     time.Time `xml:"eta"` // RFC 3339, UTC
}

// failure is any answer that is not a success.
type failure struct {
	XMLName xml.Name `xml:"error"`
	Message string   `xml:"message"`
}

// NewShipping returns the routes of the shipping service.
func NewShipping(s *shop.Shop) *http.ServeMux {
	sh := shipping{shop: s}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /rates", sh.rates)
	return routes
}

func (s shipping) rates(w http.ResponseWriter, r *http.Request) {
	ids, err := rest.IDs(r, "orderIds")
	if err != nil {
		writeXMLError(w, err)
		return
	}
	var list rateList
	for _, id := range unordered(ids) {
		if o, ok := s.shop.Order(id); ok && o.Status != data.Cancelled {
			list.Rates = append(list.Rates, rateOf(o))
		}
	}
	writeXML(w, http.StatusOK, list)
}

// rateOf sends an order by any carrier, but always the same one, to arrive at
// noon three to eight days after it was placed.
func rateOf(o data.Order) rate {
	carriers := []string{"DHL", "UPS", "DPD", "GLS", "FedEx"}
	h := fnv.New32a()
	_, _ = io.WriteString(h, o.ID) // a hash never fails
	n := int(h.Sum32() >> 8)
	day := o.CreatedAt.AddDate(0, 0, 3+n%6).Truncate(24 * time.Hour)
	return rate{OrderID: o.ID, Carrier: carriers[n%len(carriers)], ETA: day.Add(12 * time.Hour)}
}

func writeXMLError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if e, ok := errors.AsType[*rest.Error](err); ok {
		status = e.Status
		err = errors.New(e.Message)
	}
	writeXML(w, status, failure{Message: err.Error()})
}

// writeXML writes as it marshals: its own types always can be.
func writeXML(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(v) // a caller that has gone needs no answer
}
