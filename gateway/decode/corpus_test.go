package decode_test

import (
	"strings"

	"github.com/portico-gateway/portico/gateway/decode"
)

func nested(open, inner, end string, depth int) string {
	return strings.Repeat(open, depth) + inner + strings.Repeat(end, depth)
}

// wellFormed are texts that every reader must accept, as those of JSONTestSuite
// that begin with y_, and those of its i_ texts that this one accepts.
func wellFormed() []string {
	return []string{
		`null`, `true`, `false`, `0`, `-0`, `-1`, `42`, `""`, `"a"`, `{}`, `[]`, "[]\n", " \t\r\n[ \t\r\n] \t\r\n", `{ }`, ` 1 `,
		`[null, 1, "1", {}]`, `[1,null,null,null,2]`, `[[]   ]`, `[""]`, `[[],[[]],{}]`, `["a"]`, `[ "a" , "b" ]`, `[2] `,
		`[123e65]`, `[0e+1]`, `[0e1]`, `[ 4]`, `[-0.000000000000000000000000000000000000001]`, `[20e1]`, `[-0]`, `[-123]`, `[-0.0]`,
		`[1E22]`, `[1E-2]`, `[1E+2]`, `[123e45]`, `[123.456e78]`, `[1e-2]`, `[1e+2]`, `[123.456789]`, `[0.0]`, `[1.0]`,
		`[123456789012345678901234567890]`, `[1e400]`, `[-1e400]`, `[1e-400]`, `[0.4e00669999999999999999999999999999]`, `[1.5E+99999]`,
		`{"asd":"sdf", "dfg":"fgh"}`, `{"a":"b","a":"c"}`, `{"a":"b","a":"b"}`, `{"":0}`, `{"foo\u0000bar": 42}`, `{"a":[]}`,
		`{ "min": -1.0e+28, "max": 1.0e+28 }`, "{\n\"a\": \"b\"\n}", `{"a":{"b":{"c":[1,{"d":2}]}}}`, `{"a":1 , "b" :2}`,
		`["\u0060\u012a\u12AB"]`, `["\uD801\udc37"]`, `["\ud83d\ude39\ud83d\udc8d"]`, `["\"\\\/\b\f\n\r\t"]`, `["\\u0000"]`, `["\""]`,
		`["a/*b*/c/*d//e"]`, `["\\a"]`, `["\\n"]`, `["\u0012"]`, `["\uFFFF"]`, `["\uDBFF\uDFFE"]`, `["new\u00A0line"]`, `["\u0000"]`,
		"[\"\u2028\u2029\"]", "[\"\U0010ffff\"]", "[\"\uffff\"]", "[\"\u20ac\U0001d11e\"]", "[\"\x7f\"]", "[\"a\x7fa\"]", `["\uA66D"]`, `["\u002c"]`,
		`["\uDADA"]`, `["\ud888\u1234"]`, `["\uDd1ea"]`, `["\ud800\n"]`, `["\uD800\uD800\n"]`, `["\ud800abc"]`, `["\uDFAA"]`, `["\udc00\ud800"]`,
		"[\"\xe0\xff\"]", "[\"\xed\xa0\x80\"]", "[\"\xc0\xaf\"]", "[\"\xf4\xbf\xbf\xbf\"]", "[\"\x81\"]", "[\"\xfc\x83\xbf\xbf\xbf\xbf\"]", "[\"\xe6\x97\xa5\xd1\x88\xfa\"]",
		"[\"\xe2\\u0082\x82\xac\"]", "{\"\xff\":1,\"\xfe\":2}", `{"\ud800":1,"\udc00":2}`, "\ufeff{}", "\ufeff 1",
		`"1234567"`, `"12345678"`, `"123456789abcdef0123"`, "\"1234567\u00fc\"", `"1234567\n"`, `"12345678\"90"`,
		nested("[", "", "]", 100), nested("[", "", "]", decode.MaxDepth), nested(`{"a":`, "1", "}", decode.MaxDepth),
		nested("[[],", "1", "]", decode.MaxDepth-1),
	}
}

// malformed are texts that every reader must reject, as those of JSONTestSuite
// that begin with n_, and what is nested too deep.
func malformed() []string {
	return []string{
		"", " ", "\ufeff", "\ufeff\ufeff1", "\xef\xbb{}", "\xff\xfe[\x00]\x00", "\x00", "[\x00]", "1\x00", "\u00e5", "\u2060[]", "[\u2060]", "[\f]", "[\v1]", "\u00a01",
		`nul`, `nulL`, `nullx`, `tru`, `truE`, `fals`, `FALSE`, `n`, `t`, `f`, `[nul]`, `[tru]`, `[fals]`, `{"a":nul}`, `NaN`, `[NaN]`, `[Infinity]`, `[-Infinity]`,
		`[1 true]`, `[1,,2]`, `[,1]`, `[1,]`, `[,]`, `[1,,]`, `["",]`, `["x"`, `["x`, `[x`, `["x"]]`, `["",`, `[3[4]]`, `[1:2]`, `[""`, `[`, `[1`, `[1,`, `]`, `[}`,
		"[1,\n1\n,1", "[\"a\",\n4\n,1,", `[*]`, `[{}`, `[1}`, `[a`, `[][]`, `[]1`, `1 2`, `{}{}`, `{} x`, `[1]x`, `""x`, `"a"]`, `2@`, `[1]#`, `{}}`,
		`[+1]`, `+1`, `-`, `[-]`, `[--1]`, `[-a]`, `[-.1]`, `[.1]`, `.5`, `[1.]`, `[2.e3]`, `[-2.]`, `[0.e1]`, `[0e]`, `[0e+]`, `[0E-]`, `[1e]`, `[1eE2]`, `[9.e+]`, `[1.0e+]`,
		`01`, `[01]`, `[-01]`, `[-012]`, `[012]`, `00`, `-00`, `[0x1]`, `[0x42]`, `[1_000]`, `[1 000.0]`, `[1ea]`, `[1a]`, `[0.1.2]`, `[1.8011670033376514H-308]`, `[1+2]`, "[\uff11]",
		`{"x"::"b"}`, `{"a":"a" 123}`, `{key: 1}`, `{'a':0}`, `{"a" "b"}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,"a":1}`, `{"a":1,,"b":2}`, `{`, `}`, `{]`, `{"a":1]`,
		`{1:1}`, `{null:1}`, `{[]:1}`, `{"a",1}`, `{"a":b}`, `{:"b"}`, `{"a"}`, `{"a":1 "b":2}`, `{"a":"b"}#`, `{"a":/*x*/1}`, `// x`, `{"a`, `{"a\`, `{"":`, `{"a":}`, `{"a":,"b":1}`,
		`"`, `"a`, `"\`, `"\"`, `"\u`, `"\u0`, `"\u00`, `"\u000`, `"\u0000`, `"\x00"`, `"\a"`, `"\U0041"`, `"\u00A"`, `"\u00g0"`, `"\u 123"`, `["\ud800\"]`, `["\ud800\u"]`,
		`["\ud800\u1"]`, `["\ud800\u1x"]`, `["\uqqqq"]`, "[\"\\\u00e5\"]", "[\"\\\x00\"]", `'a'`, `['a']`, `["\'"]`, `"\\\"`, `\n`, `[\n]`, `\u0022a\u0022`,
		"\"\x00\"", "\"a\x1fa\"", "[\"\n\"]", "[\"\t\"]", "[\"new\nline\"]", "{\"a\n\":1}", "[\"12345678\x01\"]", "\"\u00fc\x0a\"", "\"\xff", "\"12345678", "\"1234567\xe2\x82",
		nested("[", "", "]", decode.MaxDepth+1), nested(`{"a":`, "1", "}", decode.MaxDepth+1), nested("[", "", "", 100), nested(`[{"":`, "", "", 100),
	}
}

// objects have the members that fields has.
func objects() []string {
	return []string{
		`{"int":1,"int64":2,"uint64":3,"float":4.5,"string":"a","text":"b","bool":true,"time":"2024-05-06T07:08:09Z","bytes":"aGk=",` +
			`"map":{"a":1},"texts":["a","b"],"any":{"a":[1,null]}}`,
		`{"int":null,"int64":null,"uint64":null,"float":null,"string":null,"text":null,"bool":null,"time":null,"bytes":null,"map":null,"texts":null,"any":null}`,
		`{"int":"1","int64":{},"uint64":[],"float":"x","string":1,"text":true,"bool":0,"time":1,"bytes":{},"map":[],"texts":{"a":[]}}`,
		`{"int":1.0,"int64":1e3,"uint64":-0,"float":1e400,"text":1.50}`, `{"int":2147483648,"int64":9223372036854775808,"uint64":18446744073709551616}`,
		`{"int":-2147483648,"int64":-9223372036854775808,"uint64":18446744073709551615,"float":-0}`, `{"int":-2147483649,"int64":9223372036854775807.0,"uint64":1.8446744073709551615e19}`,
		`{"int":1e-400,"int64":9007199254740991.3,"uint64":9007199254740993.0,"float":1e-400}`, `{"int":0e999999999999,"int64":1e999999999999,"uint64":1e-999999999999}`,
		`{"int":1.5,"int64":0.001e3,"uint64":-1,"float":0.1e1}`, `{"int":100e-2,"int64":-0.0,"uint64":1e19}`, `{"uint64":-0e0,"int":1000000000000e-12}`,
		`{"int":1,"int":2,"string":"a","string":1,"bool":1,"bool":false,"any":1,"any":{"b":1}}`, `{"\u0069nt":7,"INT":8,"in\u0074":9}`,
		`{"x":1,"int":1,"y":{"int":2},"z":["int"]}`, `{"time":"2024-02-30T00:00:00Z","bytes":"*"}`, `{"time":"2024-05-06T07:08:09.123456789+02:00","bytes":"aG\nk="}`,
		"{\"string\":\"\xff\",\"text\":\"\\ud800\xc0\",\"texts\":[\"\xe2\x82\",null,1,\"\\n\"]}", `{"texts":[],"map":{},"any":[]}`, `{"texts":[[1]],"map":{"a":1,"a":2,"b":"x"}}`,
		"\ufeff{\"int\":1}", `[1,2.0,"3",null,{}]`, posts(3, "a\n"),
	}
}
