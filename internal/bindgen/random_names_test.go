package bindgen_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Names that generated code has no other use for.
var (
	plainTypes  = words(`User Product Review Order Shop Address Invoice Parcel Song Author Series Shelf Label Comment Post Ticket Seat Hotel Room Flight Country City Basket Offer`)
	plainFields = words(`title price amount city street owner weight colour height stock rating notes phone email words origin floors rent status parts level total created updated
		subject summary year month language author series position score comment shelf zone`)
	plainValues = words(`RED GREEN BLUE IN_TRANSIT DELIVERED LOST NEW OLD Small large_one`)
)

// Names that generated code, the Go language, the packages that it imports and
// GraphQL's own types have too, and names that differ in case or underscores.
var (
	hostileTypes = words(`Field Type Schema Directive EnumValue InputValue DirectiveLocation TypeKind Client New Context Model Services Row Answer Key Args Err Error Config Resolver
		ResolverRoot DirectiveRoot ComplexityRoot ExecutableSchema Root Set Frontend Loader Loaders Page Request Time URL Http Strconv Upstream QueryResolver UserRow UserBody UserOf UserText
		AllUser UserRed IsNode Execute Input Parser Omittable String_ Int_ Query_ Func Map Range Interface Struct Package Import
		ctx c r m in request answer type func range map string int error any nil len append true false new user user_id userId userID USER_ID User_ _User _a A a_ a A_ Ünused`)
	hostileFields = words(`type func range map chan select default package import return var go interface struct const string len nil error any append true false new make copy cap int int64
		float64 bool byte min max clear panic print iota Client New Context Model Services Row Answer Key Args Err ctx c r m q in ok obj objs request answer page key keys err service services value
		row item nodes edges next more start end events event toModel known raw total nextPage hasMore count found header joined text theirs http url strconv strings time upstream loader context
		model iter base64 codes graphql ast execute provenance resolvers clients slices maps fmt json decode problem user_id userId userID USER_ID _id id_ ID Id iD _ _a A a_ a A_ __typename
		isNode IsUser marshalJSON unmarshalJSON marshalXML scan seek writeTo readByte gobDecode format is as unwrap string_ reset descriptor getTitle get_title set_title first after
		fetch query mutation body Body params path Path method status code`)
	hostileValues = words(`type func nil len any error string String True NULL A a _a A_ a_ IN_transit in_transit IN_TRANSIT IsValid MarshalGQL _ __A INVALID unknown Unknown RED red Red`)
	goodServices  = words(`shop users orders notes archive legacy`)
	badServices   = words(`model upstream loader http url time context strconv strings clients resolvers graph execute iter base64 codes errors service key value row`)
	badFrontends  = words(`graph clients resolvers user http context test admin execute model input`)
)

func words(list string) []string {
	var out []string
	for word := range strings.FieldsSeq(list) {
		if !strings.HasPrefix(word, "__") && word[0] < 0x80 { // no names of a user's in GraphQL
			out = append(out, word)
		}
	}
	return out
}

// scope has the names that are taken in a type, or in the schema.
type scope struct {
	exact map[string]bool
	alike map[string]string // a name by what it is without case and underscores
}

func newScope(taken ...string) *scope {
	s := &scope{exact: map[string]bool{}, alike: map[string]string{}}
	for _, name := range taken {
		s.add(name)
	}
	return s
}

func (s *scope) add(name string) {
	s.exact[name] = true
	s.alike[alike(name)] = name
}

func alike(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// namer picks names.
type namer struct {
	r       *rand.Rand
	hostile int  // of ten names, how many are hostile
	collide bool // names may become the same in Go
}

// name is a new name of a scope.
func (n *namer) name(s *scope, plain, hostile []string) string {
	for range 30 {
		name := pick(n.r, plain)
		if n.r.IntN(10) < n.hostile {
			name = pick(n.r, hostile)
		}
		if _, taken := s.alike[alike(name)]; taken && !n.collide || s.exact[name] {
			continue
		}
		s.add(name)
		return name
	}
	name := fmt.Sprintf("%s%d", pick(n.r, plain), len(s.exact))
	s.add(name)
	return name
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// weighted picks one of choices, which are texts and how often they are picked.
func weighted(r *rand.Rand, choices ...any) string {
	total := 0
	for i := 1; i < len(choices); i += 2 {
		total += choices[i].(int) //nolint:forcetypeassert // as documented
	}
	at := r.IntN(total)
	for i := 1; i < len(choices); i += 2 {
		if at -= choices[i].(int); at < 0 { //nolint:forcetypeassert // as documented
			return choices[i-1].(string) //nolint:forcetypeassert // as documented
		}
	}
	return ""
}
