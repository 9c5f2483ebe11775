package golang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/plan"
)

// function writes the functions of one call.
type function struct {
	*client
	*plan.Call
	b       *strings.Builder
	zero    string            // the value that it returns with an error
	params  map[string]string // by argument
	used    map[string]bool   // names of variables
	headers map[string]string // variables with headers, by name
	// keyChecks are expressions for functions that report which keys can be sent, by
	// the Go name of the value of a key.
	keyChecks map[string]string
	// columns are variables with the values of keys that have several, by variable of
	// the binding.
	columns map[string]string
}

func (f *function) line(format string, args ...any) { fmt.Fprintf(f.b, format+"\n", args...) }

// captured returns the statements that do writes, without adding them to the
// function.
func (f *function) captured(do func()) string {
	outer := f.b
	f.b = &strings.Builder{}
	defer func() { f.b = outer }()
	do()
	return f.b.String()
}

// call writes the functions of a call. For a root field that is a method; for
// other fields, a method that returns the loader, and the function that the
// loader fetches with.
func (c *client) call(call *plan.Call) string {
	f := &function{client: c, Call: call, zero: c.zeroOf(call.Result), b: &strings.Builder{}, params: map[string]string{}, used: map[string]bool{}}
	for _, arg := range call.Arguments {
		f.params[arg.Name] = f.variable(c.variable(arg.Name, "Arg"))
	}
	if call.Root() {
		f.method()
	} else {
		f.loaderMethod()
		f.fetcher()
	}
	return f.b.String()
}

// variable returns a name for a variable: base, with a number if the function
// has a variable of that name.
func (f *function) variable(base string) string {
	name := base
	for n := 2; f.used[name]; n++ {
		name = base + strconv.Itoa(n)
	}
	f.used[name] = true
	return name
}

// method writes the method of a root field.
func (f *function) method() {
	params := f.parameters()
	if f.Stream() {
		begins := "the first value"
		if f.REST != nil {
			begins = "the stream begins"
		}
		f.line("// %s streams %s: %s.\n// An error before %s is returned; a later one is the last pair.", f.Name, f.Fields(), f.What(), begins)
		f.line("func (c *Client) %s(%s) (%s.Seq2[%s, error], error) {", f.Name, params, f.use("iter"), f.typ(f.Result))
		f.zero = "nil"
	} else {
		f.line("// %s calls %s for %s.", f.Name, f.What(), f.Fields())
		f.line("func (c *Client) %s(%s) (%s, error) {", f.Name, params, f.typ(f.Result))
	}
	f.one()
	f.line("}\n")
}

func (f *function) parameters() string {
	params := []string{"ctx " + f.use("context") + ".Context"}
	for _, arg := range f.Arguments {
		params = append(params, f.params[arg.Name]+" "+f.typ(arg.Type))
	}
	return strings.Join(params, ", ")
}

// one writes the body of a function that makes one call.
func (f *function) one() {
	f.readHeaders()
	if f.GRPC != nil {
		f.grpcCall()
		return
	}
	f.httpCall()
}

// loaderMethod writes the method that returns the loader, and its types.
func (f *function) loaderMethod() {
	if len(f.Keys()) > 1 {
		f.line("// %s is the key that %s is loaded by.\ntype %s struct {", f.keyType(f.Call), f.Fields(), f.keyType(f.Call))
		for _, v := range f.Keys() {
			f.line("%s string", plan.KeyMember(v))
		}
		f.line("}\n")
	}
	loaderType := fmt.Sprintf("%s[%s, %s]", f.loader("Loader"), f.keyType(f.Call), f.typ(f.Result))
	var by []string
	for _, v := range f.Keys() {
		by = append(by, v.Path[len(v.Path)-1])
	}
	comment := fmt.Sprintf("// %s loads %s by %s: %s.", f.Name, f.Fields(), strings.Join(by, " and "), f.What())
	if len(f.Arguments) == 0 {
		f.line("%s\nfunc (c *Client) %s() *%s { return c.%s }\n", comment, f.Name, loaderType, loaderName(f.Call))
		return
	}
	var params, values []string
	f.line("type %s struct {", f.of(argsOf{f.Call}))
	for _, arg := range f.Arguments {
		name := f.params[arg.Name]
		params = append(params, name+" "+f.typ(arg.Type))
		if plan.IsPointer(arg.Type) {
			f.line("%s %s[%s]", plan.GoName(arg.Name), f.loader("Opt"), f.typ(plan.Element(arg.Type)))
			values = append(values, plan.GoName(arg.Name)+": "+f.loader("Some")+"("+name+")")
		} else {
			f.line("%s %s", plan.GoName(arg.Name), f.typ(arg.Type))
			values = append(values, plan.GoName(arg.Name)+": "+name)
		}
	}
	f.line("}\n")
	f.line("%s\nfunc (c *Client) %s(%s) *%s {\nreturn c.%s.For(%s{%s})\n}\n", comment, f.Name, strings.Join(params, ", "), loaderType,
		loaderName(f.Call), f.of(argsOf{f.Call}), strings.Join(values, ", "))
}

// concurrentCalls is the number of calls that run at once for the parents of a
// field, unless the binding sets max.
const concurrentCalls = 8

// fetcher writes the function that the loader fetches with.
func (f *function) fetcher() {
	params := "ctx " + f.use("context") + ".Context"
	if len(f.Arguments) > 0 {
		params += ", args " + f.of(argsOf{f.Call})
	}
	key, result := f.keyType(f.Call), f.typ(f.Result)
	f.line("func (c *Client) fetch%s(%s, keys []%s) (map[%s]%s, error) {", f.Name, params, key, key, result)
	if f.Key != nil {
		f.zero = "nil"
		f.unpackArgs()
		f.batch(result)
		f.line("}\n")
		return
	}
	bound := f.Max
	if bound == 0 {
		bound = concurrentCalls
	}
	f.line("return %s(%d, func(ctx %s.Context, key %s) (%s, error) {", f.loader("OneByOne"), bound, f.use("context"), key, result)
	f.unpackArgs()
	f.one()
	f.line("})(ctx, keys)\n}\n")
}

// batch writes the body of a function that makes one call for several keys.
// Keys that can't be sent are left out of the call.
func (f *function) batch(result string) {
	body := f.captured(func() {
		f.readColumns()
		f.one()
	})
	if len(f.keyChecks) == 0 {
		f.b.WriteString(body)
		return
	}
	key := f.keyType(f.Call)
	f.line("return %s(keys, %s, func(keys []%s) (map[%s]%s, error) {\n%s})", f.loader("Checked"), f.keyCheck(), key, key, result, body)
}

// unpackArgs declares variables for the arguments, as a method has them.
func (f *function) unpackArgs() {
	for _, arg := range f.Arguments {
		expr := "args." + plan.GoName(arg.Name)
		if plan.IsPointer(arg.Type) {
			expr += ".Pointer()"
		}
		f.line("%s := %s", f.params[arg.Name], expr)
	}
}

// page declares the variable page if the call uses it.
func (f *function) page() {
	if !f.Uses(directive.Paging) {
		return
	}
	i := slices.IndexFunc(f.Arguments, func(a *plan.Argument) bool { return a.Name == "first" })
	first := f.Arguments[i]
	otherwise, given := "0", f.params["first"]
	if first.DefaultValue != nil {
		otherwise = first.DefaultValue.Raw
	}
	if first.ArgumentDefinition.Type.NonNull {
		given = "&" + given
	}
	after := "nil" // a cursor of the service is not the gateway's
	if f.CountsRows() {
		after = f.params["after"]
	}
	f.line("page, err := %s(%s, %s, %s)\nif err != nil {\nreturn %s, err\n}", f.upstream("PageOf"), given, otherwise, after, f.zero)
}
