// Command observe measures what it costs to observe the gateway:
//
//	go run ./bench/observe
//
// Gateways that differ in what they observe serve the same requests over loopback sockets in this
// process, in turns, so that what slows the machine slows all. The first one observes nothing; a ratio is
// the rate of another one to its rate in the same round. Where all CPUs are busy with that, it is also
// that of the CPU time of this process for an answer, which other programs disturb less: it is printed, too.
// The answers are cached, or each is made by a call of the demo's catalog.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "observe:", err)
		os.Exit(1)
	}
}

// settings are how it is measured.
type settings struct {
	rounds, connections int
	length              time.Duration
	modes, loads        []string
	profile             string
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	var s settings
	flags := flag.NewFlagSet("observe", flag.ContinueOnError)
	flags.IntVar(&s.rounds, "rounds", 21, "how often each gateway is measured")
	flags.DurationVar(&s.length, "time", 500*time.Millisecond, "how long each time")
	flags.IntVar(&s.connections, "connections", 16, "how many connections ask")
	only := flags.String("modes", strings.Join(names(modes("")), ","), "which gateways are measured")
	loads := flags.String("loads", "cached,missed", "with which requests")
	flags.StringVar(&s.profile, "cpuprofile", "", "a file for a CPU profile of the rounds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s.modes, s.loads = strings.Split(*only, ","), strings.Split(*loads, ",")
	for _, load := range s.loads {
		if err := measure(ctx, load, s, stdout); err != nil {
			return fmt.Errorf("%s: %w", load, err)
		}
	}
	return nil
}

// measure measures gateways with requests of one kind and prints what came out.
func measure(ctx context.Context, load string, s settings, stdout io.Writer) error {
	gateways, end, err := start(ctx, load, s.modes)
	if err != nil {
		return err
	}
	defer end()
	allocs := make([]float64, len(gateways))
	for i, g := range gateways {
		if allocs[i], err = g.allocations(5000); err != nil {
			return err
		}
	}
	if s.profile != "" {
		file, err := os.Create(s.profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	all, err := rounds(ctx, gateways, s)
	if err != nil {
		return err
	}
	for i, g := range gateways {
		fmt.Fprintf(stdout, "%s, %-9s %6.0f/s, %5.1f µs of CPU, %.1f allocations", load, g.mode.name+":", median(each(all[i], figures.rated)),
			median(each(all[i], figures.cost)), allocs[i])
		if i > 0 {
			rates, costs := ratios(all[i], all[0], figures.rated), ratios(all[0], all[i], figures.cost)
			fmt.Fprintf(stdout, ": ratio %.3f (%.3f to %.3f in %d rounds), of CPU %.3f (%.3f to %.3f)", median(rates), slices.Min(rates), slices.Max(rates),
				s.rounds, median(costs), slices.Min(costs), slices.Max(costs))
			if goal := g.mode.goals[load]; goal > 0 {
				fmt.Fprintf(stdout, "; goal: at least %.2f", goal)
			}
		}
		fmt.Fprintln(stdout)
	}
	return nil
}

// figures are those of a gateway in one round.
type figures struct {
	rate float64 // answers per second
	cpu  float64 // microseconds for an answer
}

func (f figures) rated() float64 { return f.rate }
func (f figures) cost() float64  { return f.cpu }

// each returns one of the figures of all rounds.
func each(rounds []figures, of func(figures) float64) []float64 {
	list := make([]float64, len(rounds))
	for i, f := range rounds {
		list[i] = of(f)
	}
	return list
}

// ratios returns the ratios of one of the figures, round by round.
func ratios(a, b []figures, of func(figures) float64) []float64 {
	list := each(a, of)
	for i, f := range b {
		list[i] /= of(f)
	}
	return list
}

// rounds returns the figures of each gateway, round by round. Each round begins with another gateway.
func rounds(ctx context.Context, gateways []*gateway, s settings) ([][]figures, error) {
	all := make([][]figures, len(gateways))
	for n := -1; n < s.rounds; n++ { // what is made once is made before the first one
		for i := range gateways {
			i = (i + n + len(gateways)) % len(gateways)
			got, err := gateways[i].measure(s.length, s.connections)
			if err != nil {
				return nil, err
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if n >= 0 {
				all[i] = append(all[i], got)
			}
		}
	}
	return all, nil
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
