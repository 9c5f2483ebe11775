package predict

import "github.com/vektah/gqlparser/v2/ast"

// Calls is what an operation can make services do at worst.
type Calls struct {
	// Operation is its frontend and name: web/Catalogue.
	Operation string
	// Steps are the fields that call a service, in the order of the document.
	Steps []CallStep
	// Unknown are fields that Go methods resolve which do not tell their calls.
	Unknown []string
}

// Total is the sum of all steps' calls.
func (c Calls) Total() int {
	total := 0
	for _, s := range c.Steps {
		total = add(total, s.Count)
	}
	return total
}

// ByService sums the calls up.
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
	// Count is how many calls it makes at most.
	Count int
	// Parents is how many objects ask for it at most.
	Parents int
	// Each tells that there is a call for each parent, and more than one can be:
	// N+1.
	Each bool
	// At is where the field is bound, file:line:column.
	At string
}

// PerItem is a field that makes a call for each of its parents, of which a list
// can have many: N+1.
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

// mostCalls stands for more calls than anyone wants to count.
const mostCalls = 1 << 40
