package plan

import (
	"go/types"

	"github.com/vektah/gqlparser/v2/ast"
)

// Adapters are those of an object type.
type Adapters struct {
	Name string // of the type
	// Type is the Go type of an object: a pointer, or an interface.
	Type types.Type
	// Root reports whether it is a root operation type; Mutation and Stream which.
	Root, Mutation, Stream bool
	Fields                 []*Adapter
	// Walk is what a level of these objects resolves.
	Walk []*Walk
	// Tags are the cache tags of each object.
	Tags []Tag

	def *ast.Definition
}

// Below reports whether there is something to do for a level of these objects.
func (a *Adapters) Below() bool { return len(a.Walk) > 0 || len(a.Tags) > 0 }

// Adapter resolves a field.
type Adapter struct {
	Object       *Adapters
	Name, GoName string
	Arguments    []*Argument
	// Type is the Go type of the field's value.
	Type types.Type
	// Method or Call resolves the field; with neither, the model has the value, and
	// only its fit is checked.
	Method *Method
	Call   *Call
	// Keys are the texts of a parent that Call is made by, and Parameters the
	// arguments of Method or Call, in order.
	Keys       []Key
	Parameters []Parameter
	// Raw is what Method, Call or the model gives for one parent, and Result how
	// that becomes the field's value.
	Raw    types.Type
	Result Result
	// Below is what resolves the fields of the values; nil when there is nothing to
	// resolve.
	Below *Below
	// Fit checks that the frontend has the values; nil when all fit.
	Fit *FitUse

	schema *ast.FieldDefinition
}

// Level reports whether the field is resolved with its level: all but those whose
// value costs nothing.
func (a *Adapter) Level() bool {
	if a.Object.Root {
		return false
	}
	return a.Call != nil || a.Method != nil && (a.Method.Batch || a.Method.composite)
}

// Batch reports whether all parents are resolved at once.
func (a *Adapter) Batch() bool { return a.Call != nil || a.Method.Batch }

// Resolved reports whether a method or a call resolves the field.
func (a *Adapter) Resolved() bool { return a.Method != nil || a.Call != nil }

// Adapts reports whether the raw value becomes another one.
func (a *Adapter) Adapts() bool { return a.Result != Same || a.Fit != nil }

// Method is a hand-written method.
type Method struct {
	Package        string // import path
	Receiver, Name string
	Batch          bool // it takes all parents

	composite bool // it returns objects
}

// Key is a text of a parent that a call is made by.
type Key struct {
	Member string // of a key with several
	Value  Value
}

// Value is a field of an object, or of an object in it.
type Value struct {
	// Steps are the Go names of the fields. Pointers are those after which there is
	// nothing when they are nil.
	Steps    []string
	Pointers []int
	// Pointer reports whether the last of them is a pointer.
	Pointer bool
	Type    types.Type // without the pointer
}

// Parameter is an argument of the call of a method or a client.
type Parameter struct {
	From    *Argument // nil: this frontend has no such argument
	Address bool      // the method takes a pointer to it
}

// Result is how a raw value becomes the field's value.
type Result int

// The results.
const (
	Same        Result = iota
	AddressOf          // the field is nullable, the raw value is not
	Dereference        // the other way round: nil is an error
	Present            // both are of one type, but nil is an error
)

// Operation is an example operation.
type Operation struct{ Name, Document string }

// Walk is a field of a level: resolved with it, or had already.
type Walk struct {
	Name, GoName string
	Arguments    []*Argument
	Adapter      *Adapter   // nil: the objects have the value
	Raw          types.Type // of the value that the objects have
	Below        *Below
	Tags         []Tag // of answers with this field of the objects
}

// Below names the type whose levels resolve what is below a field's values, and
// how many lists are around them.
type Below struct {
	Type  string
	Lists int
}

// Abstract is an interface or a union.
type Abstract struct {
	Name    string
	Type    types.Type
	Members []*Adapters // those with something below
}
