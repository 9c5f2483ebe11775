// Command overload measures what a gateway answers when it is offered more than it
// can do: for each rate, how many answers come in time (goodput), how many requests
// are refused, how long both take, and how many calls the service gets. It does so for
// a gateway that bounds what it executes, and for one that doesn't.
//
//	go build -o bin/ ./bench/overload && taskset -c 1 bin/overload -svg docs/overload.svg
//
// It runs a catalog of its own, and both gateways on CPU 0. First it finds the most that the
// first gateway does, with callers that each wait for an answer. Then requests come at rates
// that do not depend on answers. All differ, so that nothing is cached or shared. A caller
// waits for a second. Connections are used again, the latest first, as proxies do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) > 0 && args[0] == gatewayCommand {
		return runGateway(ctx, args[1:], stdout)
	}
	flags := flag.NewFlagSet("overload", flag.ContinueOnError)
	lasts := flags.Duration("for", 5*time.Second, "how long each rate lasts")
	picture := flags.String("svg", "", "the file to draw the curve into")
	products := flags.Int("products", 20, "how many products an operation asks for")
	rates := factors{.25, .5, .75, 1, 1.25, 1.5, 2, 3}
	flags.Var(&rates, "rates", "the rates, as multiples of the peak")
	cpu := flags.String("cpu", "0", "the CPU of the gateways; empty for any")
	assert := flags.Bool("assert", false, "fail if at 3 times the peak the goodput is below 90 % of it, or refusals take longer than 20 ms")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, err := start(ctx, *cpu, *products)
	if err != nil {
		return err
	}
	defer b.close()
	peak, err := b.peak(*lasts)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "peak: %.0f answers a second\n\n", peak)
	var points []point
	for _, factor := range rates {
		p := point{factor: factor}
		if p.bounded, err = b.measure(b.bounded, factor*peak, *lasts); err != nil {
			return err
		}
		if p.unbounded, err = b.measure(b.unbounded, factor*peak, *lasts); err != nil {
			return err
		}
		points = append(points, p)
	}
	writeTable(stdout, points, peak)
	if *picture != "" {
		if err := os.WriteFile(*picture, draw(points, peak), 0o644); err != nil { //nolint:gosec // it is public
			return err
		}
	}
	most := points[len(points)-1].bounded
	if *assert && (most.goodput() < .9*peak || quantile(most.refused, .99) > 20*time.Millisecond) {
		return errors.New("at 3 times the peak, the goodput or the time of refusals is not what it should be")
	}
	return nil
}

// factors is a list of numbers, separated by commas.
type factors []float64

// String is part of [flag.Value].
func (f *factors) String() string {
	var texts []string
	for _, factor := range *f {
		texts = append(texts, multiple(factor))
	}
	return strings.Join(texts, ",")
}

// Set is part of [flag.Value].
func (f *factors) Set(text string) error {
	*f = nil
	for text := range strings.SplitSeq(text, ",") {
		factor, err := strconv.ParseFloat(text, 64)
		if err != nil || !(factor > 0 && factor <= mostFactor) { // also NaN
			return fmt.Errorf("%q is not a number from 0 to %v", text, mostFactor)
		}
		*f = append(*f, factor)
	}
	return nil
}
