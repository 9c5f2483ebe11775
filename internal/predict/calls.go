package predict

import "github.com/vektah/gqlparser/v2/ast"

// Calls are the most calls that an operation can make.
type Calls struct {
	// Operation is its frontend and name: web/Catalogue.
	Operation string
	// Steps are the fields that call a service, in the order of the document.
	Steps []CallStep
	// Unknown are fields that Go methods without @calls resolve, so that their
	// calls are not known; sorted.
	Unknown []string
}

// Total returns the number of all calls.
func (c Calls) Total() int {
	total := 0
	for _, s := range c.Steps {
		total = add(total, s.Count)
	}
	return total
}

// ByService returns the number of calls by service.
func (c Calls) ByService() map[string]int {
	sums := map[string]int{}
	for _, s := range c.Steps {
		sums[s.Service] = add(sums[s.Service], s.Count)
	}
	return sums
}

// CallStep is a field of an operation that calls a service.
type CallStep struct {
	Service string
	// What is the call in a few words, such as "GET /products".
	What string
	// Path is where the field is in the answer: products.nodes.reviews.
	Path string
	// Count is the most calls that the field makes.
	Count int
	// Parents is the most objects that the field is selected of.
	Parents int
	// Each reports whether the field makes a call for each of several parents:
	// N+1.
	Each bool
	// At is where the field is bound, file:line:column.
	At string
}

// PerItem is a field that makes a call for each of its parents. There
// can be many of them: N+1.
type PerItem struct {
	Field string
	At    *ast.Position
}

func add(a, b int) int { return min(a+b, mostCalls) }

func multiply(a, b int) int {
	if a != 0 && b > mostCalls/a {
		return mostCalls
	}
	return a * b
}

// mostCalls is the largest number that is counted, so that sums do not
// overflow.
const mostCalls = 1 << 40
