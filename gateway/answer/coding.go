package answer

import (
	"bytes"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// coding is a content coding (RFC 9110, section 8.4.1). Of those that a client
// accepts equally, the first is used.
type coding int

const (
	zstdCoding coding = iota
	brotliCoding
	gzipCoding
	identity

	codings = int(identity) // that compress
)

// String returns the name of the coding; empty for identity.
func (c coding) String() string {
	switch c {
	case zstdCoding:
		return "zstd"
	case brotliCoding:
		return "br"
	case gzipCoding:
		return "gzip"
	}
	return ""
}

// smallest is the size in bytes from which an answer is compressed: less fits
// into one packet.
const smallest = 1 << 10

// negotiate returns the coding for a body that a client accepts by the header
// Accept-Encoding (RFC 9110, section 12.5.3).
func negotiate(accept []string, size int) coding {
	if size < smallest {
		return identity
	}
	best, weight, plain := identity, 0.0, 0.0 // plain is what the header says of identity
	for _, value := range accept {
		for item := range strings.SplitSeq(value, ",") {
			name, parameters, _ := strings.Cut(item, ";")
			name = strings.TrimSpace(name)
			c := codingOf(name)
			if c == identity {
				if strings.EqualFold(name, "identity") {
					plain = weightOf(parameters)
				}
				continue
			}
			if w := weightOf(parameters); w > weight || w == weight && w > 0 && c < best {
				best, weight = c, w
			}
		}
	}
	if plain > weight {
		return identity
	}
	return best
}

// codingOf returns the coding of a name; identity for one that is not known. x-gzip is gzip (RFC 9110, section 8.4.1.3).
func codingOf(name string) coding {
	if strings.EqualFold(name, "x-gzip") {
		return gzipCoding
	}
	for c := range identity {
		if strings.EqualFold(name, c.String()) {
			return c
		}
	}
	return identity
}

// weightOf returns the weight that parameters have, 1 without one and 0 for one
// that is no number.
func weightOf(parameters string) float64 {
	name, value, found := strings.Cut(parameters, "=")
	if !found {
		return 1
	}
	weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 0
	}
	return weight
}

// compressor compresses bodies. It is safe for concurrent use. Its tables have
// up to about a megabyte for each body that is being compressed, and are used
// again.
type compressor struct {
	zstd   *zstd.Encoder
	brotli sync.Pool // of *brotli.Writer
	gzip   sync.Pool // of *gzip.Writer
}

// largestWindow is how far back zstd looks: more helps little within an answer.
const largestWindow = zstd.MinWindowSize << 7

// The levels are those at which a further percent begins to cost much more time.
const (
	zstdLevel   = zstd.SpeedDefault
	brotliLevel = 1
	gzipLevel   = 5
)

func newCompressor() (*compressor, error) {
	encoder, err := zstd.NewWriter(nil,
		zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithWindowSize(largestWindow), zstd.WithEncoderLevel(zstdLevel))
	if err != nil {
		return nil, err
	}
	return &compressor{
		zstd:   encoder,
		brotli: sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, brotliLevel) }},
		gzip: sync.Pool{New: func() any {
			w, _ := gzip.NewWriterLevel(nil, gzipLevel) // the level is valid
			return w
		}},
	}, nil
}

// compress appends a compressed body to a buffer.
func (c *compressor) compress(to *bytes.Buffer, as coding, body []byte) {
	switch as {
	case zstdCoding:
		to.Write(c.zstd.EncodeAll(body, to.AvailableBuffer()))
	case brotliCoding:
		compressBy[*brotli.Writer](&c.brotli, to, body)
	case gzipCoding:
		compressBy[*gzip.Writer](&c.gzip, to, body)
	default:
		to.Write(body)
	}
}

func compressBy[W interface {
	io.WriteCloser
	Reset(w io.Writer)
}](pool *sync.Pool, to *bytes.Buffer, body []byte,
) {
	w, _ := pool.Get().(W)
	defer pool.Put(w)
	w.Reset(to)
	_, _ = w.Write(body) // a Buffer never fails
	_ = w.Close()
}

// Buffers reuses buffers. It is safe for concurrent use; the zero value has
// none.
type Buffers struct{ pool sync.Pool }

// largestReused is the most bytes that a buffer may have grown to be reused: one
// large answer must not hold memory for ever.
const largestReused = 1 << 18

// Get returns an empty buffer.
func (p *Buffers) Get() *bytes.Buffer {
	if b, ok := p.pool.Get().(*bytes.Buffer); ok {
		b.Reset()
		return b
	}
	return new(bytes.Buffer)
}

// Put returns a buffer, which must not be used afterwards.
func (p *Buffers) Put(b *bytes.Buffer) {
	if b.Cap() <= largestReused {
		p.pool.Put(b)
	}
}
