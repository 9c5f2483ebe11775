// Package goname knows which names have a meaning in Go.
package goname

// Methods returns the names of methods whose signatures go vet checks (stdmethods): no field of Query, Mutation or Subscription can have
// one of them in Go.
func Methods() []string {
	return []string{
		"Format", "GobDecode", "GobEncode", "MarshalJSON", "MarshalXML", "ReadByte", "ReadFrom", "ReadRune", "Scan", "Seek", "UnmarshalJSON",
		"UnmarshalXML", "UnreadByte", "UnreadRune", "WriteByte", "WriteTo",
	}
}
