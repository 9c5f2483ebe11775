package decode_test

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/sourcecontextpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/typepb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/portico-gateway/portico/gateway/decode"
)

func TestFindInMessage(t *testing.T) {
	typ := &typepb.Type{
		Name:          "a\"b",
		Fields:        []*typepb.Field{{Number: 7, Packed: true, Kind: typepb.Field_TYPE_BOOL}, {Kind: 99}},
		Oneofs:        []string{"x", ""},
		SourceContext: &sourcecontextpb.SourceContext{FileName: "f"},
	}
	object, err := structpb.NewStruct(map[string]any{"a": "b"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		message proto.Message
		path    string
		is      string // one of the scalars, by spaces; empty for none
		want    bool
	}{
		{typ, "name", `"a\"b"`, true}, {typ, "name", ``, true}, {typ, "name", `null`, false},
		{typ, "fields.0.number", `7`, true}, {typ, "fields.0.number", `7.0`, true}, {typ, "fields.1.number", ``, false}, {typ, "fields.1.number", `0`, true},
		{typ, "fields.0.packed", `true`, true}, {typ, "fields.1.packed", `false`, true}, {typ, "fields.1.packed", ``, false},
		{typ, "fields.0.kind", `"TYPE_BOOL"`, true}, {typ, "fields.0.kind", ``, true}, {typ, "fields.1.kind", `99`, true},
		{typ, "fields.0.cardinality", `"CARDINALITY_UNKNOWN"`, true}, {typ, "fields.0.cardinality", ``, false},
		{typ, "fields", ``, true}, {typ, "options", ``, false}, {typ, "fields.2.number", `null`, true}, {typ, "fields.x", `null`, true}, {typ, "fields.01", `null`, true},
		{typ, "oneofs.0", `"y" "x"`, true}, {typ, "oneofs.1", ``, false}, {typ, "oneofs.0.0", `null`, true},
		{typ, "source_context.file_name", `"f"`, true}, {typ, "sourceContext.fileName", `"f"`, true}, {typ, "sourceContext", ``, true},
		{&typepb.Type{}, "sourceContext", `null`, true}, {&typepb.Type{}, "sourceContext.fileName", ``, false},
		{&typepb.Type{SourceContext: &sourcecontextpb.SourceContext{}}, "sourceContext", ``, false},
		{typ, "nothing", `null`, true}, {typ, "name.x", `null`, true}, {typ, "", ``, true}, {&typepb.Type{}, "", ``, false},
		{object, "fields", ``, true}, {object, "fields.a", `"b"`, true}, {object, "fields.a.stringValue", `"b"`, true},
		{object, "fields.b", `null`, true}, {object, "fields.0", `null`, true}, {&structpb.Struct{}, "fields", ``, false},
		{wrapperspb.Int64(math.MaxInt64), "", `9223372036854775807`, true}, {wrapperspb.Int64(0), "", ``, false}, {wrapperspb.UInt64(math.MaxUint64), "value", `18446744073709551615`, true},
		{wrapperspb.Bool(false), "", `false`, true}, {wrapperspb.String(""), "", `""`, true}, {wrapperspb.Bytes([]byte{1}), "value", `"AQ=="`, true},
		{wrapperspb.Double(1e30), "value", `1e30`, true}, {wrapperspb.Float(0.5), "", `0.5`, true}, {wrapperspb.Double(math.NaN()), "", `"NaN"`, true},
		{wrapperspb.Float(float32(math.Inf(1))), "", `"+Inf"`, true},
		{structpb.NewNullValue(), "", `null`, true}, {structpb.NewNumberValue(1), "", `1`, true}, {structpb.NewListValue(&structpb.ListValue{}), "", ``, false},
	} {
		condition := decode.Condition{Path: names(c.path), Is: strings.Fields(c.is)}
		if got := condition.Holds(decode.FindInMessage(c.message, condition.Path)); got != c.want {
			t.Errorf("%T: %q is %q: got %v", c.message, c.path, c.is, got)
		}
	}
}
