package mock

import (
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// scalar makes the value of a field that is no message.
func (m *messages) scalar(field protoreflect.FieldDescriptor, p place) protoreflect.Value {
	n := m.hash(p.at)
	small := int64(n%100) + 1 //nolint:gosec // small
	switch field.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n%2 == 0)
	case protoreflect.EnumKind:
		values := field.Enum().Values()
		i := 0
		if values.Len() > 1 { // the first usually stands for none
			i = 1 + int(n%uint64(values.Len()-1)) //nolint:gosec // in range
		}
		return protoreflect.ValueOfEnum(values.Get(i).Number())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(textOf(p.name, n))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(words(n, 1)))
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return number(field.Kind(), small, float64(small)+float64(n/100%100)/100)
	default:
		return number(field.Kind(), small, 0)
	}
}

// scalarOf returns a key as the value of a field; zero if it is none.
func scalarOf(field protoreflect.FieldDescriptor, text string) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(text))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(text == "true")
	case protoreflect.EnumKind:
		if value := field.Enum().Values().ByName(protoreflect.Name(text)); value != nil {
			return protoreflect.ValueOfEnum(value.Number())
		}
		n, _ := strconv.ParseInt(text, 10, 32)
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)) //nolint:gosec // 32 bits
	}
	whole, _ := strconv.ParseInt(text, 10, 64)
	fraction, _ := strconv.ParseFloat(text, 64)
	return number(field.Kind(), whole, fraction)
}

// number returns a number as a kind has it.
func number(kind protoreflect.Kind, whole int64, fraction float64) protoreflect.Value {
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(whole)) //nolint:gosec // larger keys are not of this kind
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(whole)) //nolint:gosec // as above
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(whole)) //nolint:gosec // as above
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(fraction))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(fraction)
	default:
		return protoreflect.ValueOfInt64(whole)
	}
}
