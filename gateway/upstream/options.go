package upstream

import (
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// separateResults returns options whose results are their own until adopt is called,
// which sets those of opts.
func separateResults(opts []grpc.CallOption) (separate []grpc.CallOption, adopt func()) {
	separate = slices.Clone(opts)
	var adoptions []func()
	for i, option := range separate {
		switch o := option.(type) {
		case grpc.HeaderCallOption:
			own := new(metadata.MD)
			separate[i] = grpc.Header(own)
			adoptions = append(adoptions, func() { *o.HeaderAddr = *own })
		case grpc.TrailerCallOption:
			own := new(metadata.MD)
			separate[i] = grpc.Trailer(own)
			adoptions = append(adoptions, func() { *o.TrailerAddr = *own })
		case grpc.PeerCallOption:
			own := new(peer.Peer)
			separate[i] = grpc.Peer(own)
			adoptions = append(adoptions, func() { *o.PeerAddr = *own })
		}
	}
	return separate, func() {
		for _, adopt := range adoptions {
			adopt()
		}
	}
}
