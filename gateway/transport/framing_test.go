package transport

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// exchange is a request as net/http reads it from a connection.
type exchange struct {
	head, body string
	faulty     bool // its length is given in two ways
}

// requests returns what net/http serves of a text, up to the first request that
// is refused.
func requests(text []byte) []exchange {
	source := bytes.NewReader(text)
	reader := bufio.NewReaderSize(source, 4<<10)
	position := func() int { return len(text) - source.Len() - reader.Buffered() }
	var list []exchange
	method := ""
	for {
		if method == http.MethodPost { // as conn.readRequest does
			peek, _ := reader.Peek(4)
			_, _ = reader.Discard(len(peek) - len(bytes.TrimLeft(peek, "\r\n")))
		}
		start := position()
		r, err := http.ReadRequest(reader)
		if err != nil || r.ProtoMajor != 1 || !validNames(r.Header) {
			return list
		}
		method = r.Method
		head := text[start:position()]
		body, err := io.ReadAll(r.Body)
		list = append(list, exchange{string(head), string(body), faulty(head)})
		if err != nil || r.Close {
			return list
		}
	}
}

// validNames is the check of net/http's server, but for the values.
func validNames(h http.Header) bool {
	for name := range h {
		if !isToken(name) {
			return false
		}
	}
	return true
}

func faulty(head []byte) bool {
	reader := textproto.NewReader(bufio.NewReader(bytes.NewReader(head)))
	line, _ := reader.ReadLine()
	header, _ := reader.ReadMIMEHeader()
	_, sized := header["Content-Length"]
	_, chunked := header["Transfer-Encoding"]
	folded := bytes.Contains(head, []byte("\n ")) || bytes.Contains(head, []byte("\n\t"))
	return chunked && (sized || strings.HasSuffix(line, "HTTP/1.0")) || folded
}

// checkFraming wants net/http to read the same requests of a text that was
// checked in chunks, but none that is faulty.
func checkFraming(t *testing.T, text []byte, size int) {
	t.Helper()
	want := requests(text)
	if i := slices.IndexFunc(want, func(e exchange) bool { return e.faulty }); i >= 0 {
		want = want[:i]
	}
	for _, begin := range []framingState{beforeRequest, preface} {
		if begin == preface && bytes.HasPrefix(text, []byte(prefaceOfHTTP2)) {
			continue
		}
		checked, f := bytes.Clone(text), framing{state: begin}
		for chunk := range slices.Chunk(checked, size) {
			f.check(chunk)
		}
		if got := requests(checked); !slices.Equal(got, want) {
			t.Errorf("%q in chunks of %d:\n got %+v\nwant %+v", text, size, got, want)
		}
	}
}

// heads are requests of all kinds, one after the other.
func framed() []string {
	const get, post = "GET / HTTP/1.1\r\nHost: x\r\n", "POST / HTTP/1.1\r\nHost: x\r\n"
	const both = post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"
	sized := post + "Content-Length: 4\r\n\r\nabcd"
	chunked := post + "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"
	return []string{
		get + "\r\n", sized, chunked, both,
		get + "\r\n" + both, sized + both, chunked + both, sized + "\r\n" + chunked + get + "\r\n" + both + get + "\r\n",
		post + "transfer-encoding: chunked\r\nCONTENT-LENGTH: 4\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
		post + "tRANSFER-eNCODING:chunked\r\nX: y\r\ncONTENT-lENGTH:4\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
		post + "Content-Length: 4\r\nTransfer-Encoding:\r\n chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
		post + "Content-Length:\r\n\t4\r\n\r\nabcd" + get + "\r\n",
		post + "X: a\r\n Content-Length: 4\r\n\r\nabcd",
		post + "Content-Length: 4\nTransfer-Encoding: chunked\n\n4\r\nabcd\r\n0\r\n\r\n",
		post + "Content-Length : 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
		post + "Content-Length: 4\r\nTransfer-Encoding: identity\r\n\r\nabcd",
		post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd" + both,
		post + "Content-Length: 04\r\n\r\nabcd" + both,
		post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd" + both,
		post + "Content-Length: 99999999999999999999\r\n\r\nabcd" + both,
		post + "Content-Length: 0\r\n\r\n" + both,
		"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + both,
		"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nabcd" + both,
		"POST / HTTP/1.0\nConnection: keep-alive\nContent-Length: 4\n\nabcd" + sized,
		// What only looks like a head.
		post + "Content-Length: 48\r\n\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + get + "\r\n",
		post + "Transfer-Encoding: chunked\r\n\r\n30;a=b\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\r\n1 \r\nx\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n" + sized + both,
		post + "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n00\r\n\r\n" + both,
		post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n" + both,
		post + "X-Content-Length: 4\r\nContent-Length-X: 4\r\nTransfer-Encodings: 4\r\nContent: 4\r\nTE: x\r\nC: c\r\nT: t\r\n\r\n" + both,
		"\r\n" + both, sized + "\r\n\r\n" + both, sized + "\r\n\r\n\r\n" + sized,
		"GET / HTTP/1.1\nHost: x\n\n" + both,
		"PRI * HTTP/2.0\r\n\r\n" + both, "PRI * HTTP/2.0\r\n\r\nSM\r\n" + both, prefaceOfHTTP2 + both, "P" + both, "PRI / HTTP/1.1\r\nHost: x\r\n\r\n" + both,
		"garbage\r\n\r\n" + both, "\x00", "",
	}
}

func TestFraming(t *testing.T) {
	for _, text := range framed() {
		for _, size := range []int{1, 2, 3, 7, 64, 4096} {
			checkFraming(t, []byte(text), size)
		}
	}
}

func FuzzFraming(f *testing.F) {
	for _, seed := range framed() {
		f.Add([]byte(seed), 7)
	}
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		checkFraming(t, text, max(size%4096, 1))
	})
}

func BenchmarkFraming(b *testing.B) {
	head := []byte("POST /graphql/web HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101\r\nAccept: application/graphql-response+json, application/json;q=0.9\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\nContent-Type: application/json\r\nAuthorization: Bearer " + strings.Repeat("x", 600) + "\r\nOrigin: https://shop.example\r\nConnection: keep-alive\r\nContent-Length: 137\r\n\r\n" + strings.Repeat(" ", 137))
	b.ReportAllocs()
	var f framing
	for b.Loop() {
		f.check(head)
	}
	if f.state != beforeRequest {
		b.Error(f)
	}
}
