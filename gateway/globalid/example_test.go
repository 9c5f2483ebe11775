package globalid_test

import (
	"fmt"

	"github.com/portico-gateway/portico/gateway/globalid"
)

// A method whose argument accepts ids of several types finds out what the caller means. An argument of one type needs
// no Go code: the gateway replaces the global id with the id of the service.
func ExampleParse() {
	for _, id := range []string{"UHJvZHVjdDo3", "VXNlcjp1MQ==", "7"} {
		typ, id, ok := globalid.Parse(id)
		if !ok { // answer with BAD_USER_INPUT
			fmt.Println("invalid")
			continue
		}
		fmt.Println(typ, id)
	}
	// Output:
	// Product 7
	// User u1
	// invalid
}

func ExampleOf() {
	fmt.Println(globalid.Of("Product", "7"))
	// Output: UHJvZHVjdDo3
}
