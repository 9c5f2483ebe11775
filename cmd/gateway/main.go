// Command gateway serves the frontends of this project.
//
//	gateway [-config portico.yaml] [-log info]
package main

import (
	"github.com/portico-gateway/portico/gateway"
	"github.com/portico-gateway/portico/graph"
)

func main() { gateway.Main(graph.Open) }
