package decode

import (
	stdjson "encoding/json"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// FindInMessage returns the value of a message that a path leads to: names of
// fields, as the proto or JSON has them, positions of items in lists, and keys of maps
// that are strings. It is for conditions: numbers of 64 bits are numbers, enums are the names of their
// values, of which the one with the number 0 is empty, and of a list or a map only
// whether it is empty is known. A wrapper is its value. A message or a field with presence that is not set
// does not exist; other fields always do.
func FindInMessage(message proto.Message, path []string) Found {
	at := protoreflect.ValueOfMessage(message.ProtoReflect())
	var of protoreflect.FieldDescriptor // the last field; nil if there is none
	for _, name := range path {
		if list, ok := at.Interface().(protoreflect.List); ok {
			n, ok := position(name)
			if !ok || n >= list.Len() {
				return Found{}
			}
			at = list.Get(n)
			continue
		}
		if entries, ok := at.Interface().(protoreflect.Map); ok {
			if of.MapKey().Kind() != protoreflect.StringKind {
				return Found{}
			}
			if at = entries.Get(protoreflect.ValueOfString(name).MapKey()); !at.IsValid() {
				return Found{}
			}
			of = of.MapValue()
			continue
		}
		inner, ok := at.Interface().(protoreflect.Message)
		if !ok {
			return Found{}
		}
		if of = fieldOf(inner, name); of == nil || of.HasPresence() && !inner.Has(of) {
			return Found{}
		}
		at = inner.Get(of)
	}
	return foundIn(at, of)
}

func fieldOf(message protoreflect.Message, name string) protoreflect.FieldDescriptor {
	fields := message.Descriptor().Fields()
	if f := fields.ByName(protoreflect.Name(name)); f != nil {
		return f
	}
	return fields.ByJSONName(name)
}

// foundIn returns a value of a message. Its field has the names of an enum.
func foundIn(v protoreflect.Value, of protoreflect.FieldDescriptor) Found {
	var text any
	switch v := v.Interface().(type) {
	case protoreflect.Message:
		if d := v.Descriptor(); d.ParentFile().Path() == wrappersFile {
			return foundIn(v.Get(d.Fields().Get(0)), d.Fields().Get(0))
		}
		data, _ := protojson.Marshal(v.Interface()) // of one that is invalid there is none
		return Found{json: string(data)}
	case protoreflect.List:
		return ofLength(v.Len())
	case protoreflect.Map:
		return ofLength(v.Len())
	case protoreflect.EnumNumber:
		name := of.Enum().Values().ByNumber(v)
		if name == nil {
			return Found{json: strconv.Itoa(int(v))}
		}
		return Found{json: strconv.Quote(string(name.Name())), zero: v == 0}
	case float64:
		if text = v; math.IsNaN(v) || math.IsInf(v, 0) {
			text = strconv.FormatFloat(v, 'g', -1, 64)
		}
	case float32:
		if text = v; math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			text = strconv.FormatFloat(float64(v), 'g', -1, 32)
		}
	default: // a bool, a whole number, a string or bytes
		text = v
	}
	data, _ := stdjson.Marshal(text)
	return Found{json: string(data)}
}

// wrappersFile is the file of google.protobuf.BoolValue and the like.
const wrappersFile = "google/protobuf/wrappers.proto"

// ofLength returns a list or a map of which only the length is known.
func ofLength(n int) Found {
	if n == 0 {
		return Found{json: "[]"}
	}
	return Found{json: "[null]"}
}
