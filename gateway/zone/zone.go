// Package zone has the time zones of services that write times without one. It
// contains the IANA time zone database, so that it does not depend on the machine's.
package zone

import (
	"fmt"
	"time"
	_ "time/tzdata" // see above
)

// Load returns the time zone with an IANA name, such as Europe/Berlin. It panics if
// there is none: the generator has checked the name.
func Load(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("zone: %v", err))
	}
	return location
}
