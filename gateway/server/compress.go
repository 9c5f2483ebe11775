package server

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compressor compresses answers. Its tables have about a megabyte, so that they
// are used again.
type compressor struct {
	encoder *zstd.Encoder
	writers sync.Pool // of *gzip.Writer
}

// largestWindow is how far back zstd looks: more helps little within an answer.
const largestWindow = zstd.MinWindowSize << 7

func newCompressor() (*compressor, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(largestWindow))
	if err != nil {
		return nil, err
	}
	return &compressor{encoder: encoder, writers: sync.Pool{New: func() any { return gzip.NewWriter(nil) }}}, nil
}

func (c *compressor) zstd(body []byte) []byte { return c.encoder.EncodeAll(body, nil) }

func (c *compressor) gzip(body []byte) []byte {
	w, _ := c.writers.Get().(*gzip.Writer)
	defer c.writers.Put(w)
	var b bytes.Buffer
	w.Reset(&b)
	_, _ = w.Write(body) // a Buffer never fails
	_ = w.Close()
	return b.Bytes()
}
