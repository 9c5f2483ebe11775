package cost

// Term is the part of an operation's cost that one field has, with what is below it.
type Term struct {
	// Path is where the field is in the answer, such as product.reviews; empty for what every
	// mutation costs.
	Path string `json:"path"`
	// Length is how long the field's list is at most, 1 for no list, and Weight the cost of one item
	// without the fields below it.
	Length float64 `json:"length"`
	Weight float64 `json:"weight"`
	// Cost is what the field can cost at most, with its arguments and the fields below it.
	Cost float64 `json:"cost"`
}

// mostTerms is how many terms an operation has at most.
const mostTerms = 100

// Terms returns the fields that make the cost that [Formula.Requested] returns, in the order of
// the document. Of possible types there are the terms of the most expensive. Fields that cost
// nothing have none, and there are at most 100.
func (f *Formula) Terms(values map[string]any) []Term {
	var out []Term
	if f.base > 0 {
		out = append(out, Term{Length: 1, Weight: f.base, Cost: f.base})
	}
	return f.root.terms(out, "", values)
}

func (s *set) terms(out []Term, prefix string, values map[string]any) []Term {
	var dearest []int
	most := 0.0
	for i, variant := range s.variants {
		if cost := s.sum(variant, values); cost > most || i == 0 {
			dearest, most = variant, cost
		}
	}
	for _, list := range [][]int{s.shared, dearest} {
		for _, i := range list {
			f := &s.selected[i]
			if len(out) == mostTerms || !f.holds(values) {
				continue
			}
			cost := f.cost(values)
			if cost == 0 {
				continue
			}
			length := 1.0
			if f.list {
				length = f.length.of(values)
			}
			out = append(out, Term{Path: prefix + f.key, Length: length, Weight: f.weight, Cost: cost})
			if f.below != nil {
				out = f.below.terms(out, prefix+f.key+".", values)
			}
		}
	}
	return out
}
