package plan

import (
	"go/types"

	"github.com/vektah/gqlparser/v2/ast"
)

// Adapters say how the fields of an object type are resolved.
type Adapters struct {
	Name string // of the type
	// Type is the Go type of an object: a pointer, or an interface.
	Type types.Type
	// Root reports whether it is a root operation type. Mutation and Stream
	// report which one.
	Root, Mutation, Stream bool
	Fields                 []*Adapter
	// Tags are the cache tags of each object, and FieldTags those of answers with a field of
	// the objects, by its name.
	Tags      []Tag
	FieldTags map[string][]Tag
	// NullItems are the fields whose lists have items that may not be null in this frontend, and can be in what a
	// service answered, since they may be in another frontend: by depth, from that of the field, which is false.
	NullItems map[string][]bool
	// Node loads an object by its id, for callers that have its global id; nil for
	// a type without global ids.
	Node *Node

	def *ast.Definition
}

// Tagged reports whether answers with these objects have cache tags.
func (a *Adapters) Tagged() bool { return len(a.Tags) > 0 || len(a.FieldTags) > 0 }

// Adapter resolves a field.
type Adapter struct {
	Object       *Adapters
	Name, GoName string
	// Func is what the functions of the adapter are named after: no other adapter of the frontend has it.
	Func      string
	Arguments []*Argument
	// Type is the Go type of the field's value.
	Type types.Type
	// Method or Call resolves the field. If both are nil, the model has the
	// value, which only has to fit.
	Method *Method
	Call   *Call
	// Keys are the parts of the key that Call loads by, and Parameters the
	// arguments of Method or Call, in order.
	Keys       []Key
	Parameters []Parameter
	// Slices are the arguments that say how long a list of what several keys name is at
	// most; nil if it has no limit.
	Slices []*Argument
	// Raw is the type that Method, Call or the model returns for one parent.
	// Result says how that becomes the field's value.
	Raw    types.Type
	Result Result
	// Nodes are the types of the objects that the field loads by global ids; nil
	// for other fields.
	Nodes []*Adapters
	// GlobalID reports whether the field's value is the global id of its object.
	GlobalID bool
	// Fit checks that the frontend has the values; nil if it has all of them.
	Fit *FitUse
	// Fallback is the value if the service of Call is not available; nil for none.
	Fallback *Constant

	schema *ast.FieldDefinition
}

// Level reports whether the field is resolved for all objects of a level at
// once.
func (a *Adapter) Level() bool { return !a.Object.Root && (a.Call != nil || a.Method != nil) }

// KeyLists reports whether each parent has a list of keys, and gets a list of what
// they name.
func (a *Adapter) KeyLists() bool { return len(a.Keys) == 1 && a.Keys[0].Item != nil }

// NonNull reports whether the field, and NonNullItem whether an item of its list, must
// not be null.
func (a *Adapter) NonNull() bool { return a.schema.Type.NonNull }

// NonNullItem is described with NonNull.
func (a *Adapter) NonNullItem() bool { return a.schema.Type.Elem != nil && a.schema.Type.Elem.NonNull }

// Batch reports whether all parents are resolved at once.
func (a *Adapter) Batch() bool { return a.Call != nil || a.Method.Batch }

// Resolved reports whether the model does not have the value: a method or a call
// resolves the field, or it loads objects by global ids.
func (a *Adapter) Resolved() bool { return a.Method != nil || a.Call != nil || a.Nodes != nil }

// Adapts reports whether the raw value is converted or checked.
func (a *Adapter) Adapts() bool { return a.Result != Same || a.Fit != nil || a.GlobalID }

// List reports whether the value is a list.
func (a *Adapter) List() bool { return a.schema.Type.Elem != nil }

// Node is how an object is loaded by the id that its service has.
type Node struct {
	// Load resolves a field of the object's own type with what has only an id.
	Load *Adapter
	// ID is the Go field with the id. Pointer reports whether it is a pointer.
	ID      string
	Pointer bool
}

// Method is a hand-written method.
type Method struct {
	Package        string // import path
	Receiver, Name string
	Batch          bool // it resolves all parents at once
}

// Key is a part of the key that a call loads by: a text of the parent.
type Key struct {
	Member string // the field of the key, if it is a struct
	Value  Value
	// Item is the type of a key, without the pointer, if the value is a list of keys;
	// nil if it is one key. Pointer reports whether the items are pointers.
	Item    types.Type
	Pointer bool
}

// Value is a field of an object, or of an object in it.
type Value struct {
	// Steps are the Go names of the fields. Pointers are the indexes of the
	// steps before which the object may be nil.
	Steps    []string
	Pointers []int
	// Faults are the fields with the faults of the objects on the way, by the
	// index of the step that is read from them.
	Faults map[int]FaultOf
	// Pointer reports whether the last field is a pointer.
	Pointer bool
	Type    types.Type // without the pointer
}

// FaultOf is where an object has the fault of one of its fields.
type FaultOf struct {
	GoName string // of the field with the object's faults
	Field  string // the name of the field in the schema
}

// Parameter is an argument in the call of a method or a client.
type Parameter struct {
	From    *Argument // nil if this frontend has no such argument
	Address bool      // the method takes a pointer to it
}

// Result is how a raw value becomes the field's value.
type Result int

// The results.
const (
	Same        Result = iota
	AddressOf          // the field is nullable, the raw value is not
	Dereference        // the raw value is nullable, the field is not: nil is an error
	Present            // the types are the same, but nil is an error
)

// Operation is an example operation.
type Operation struct{ Name, Document string }
