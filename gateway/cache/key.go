package cache

import "encoding/binary"

// AppendPart appends a part of the text that a [Key] is the hash of. Different
// lists of parts have different texts.
func AppendPart(b []byte, part string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(part))), part...)
}
