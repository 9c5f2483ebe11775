package main

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

// point is what was measured at one rate.
type point struct {
	factor             float64 // the rate, as a multiple of the peak
	bounded, unbounded measured
}

// writeTable writes a table in Markdown.
func writeTable(w io.Writer, points []point, peak float64) {
	fmt.Fprintln(w, "| offered | goodput | its p50, p99 | refused | p50, p99 of refusals | late | wasted calls | "+
		"without the limit: goodput | its p50, p99 | wasted calls |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|")
	for _, p := range points {
		b, u := &p.bounded, &p.unbounded
		fmt.Fprintf(w, "| %s × the peak | %.0f %% | %s | %.0f %% | %s | %.0f %% | %d | %.0f %% | %s | %d |\n",
			multiple(p.factor), 100*b.goodput()/peak, times(b.good), b.part(len(b.refused)), times(b.refused), b.part(b.late), b.inVain(),
			100*u.goodput()/peak, times(u.good), u.inVain())
		if n := b.wrong + u.wrong; n > 0 {
			fmt.Fprintf(w, "\n%d answers were neither good nor refusals\n", n)
		}
	}
}

func multiple(factor float64) string { return strconv.FormatFloat(factor, 'f', -1, 64) }

// inVain returns how many calls the service got for requests that were not answered in time.
func (m *measured) inVain() int { return max(int(m.calls)-len(m.good), 0) }

// times returns the median and the 99th percentile.
func times(list []time.Duration) string {
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("%s, %s", short(quantile(list, .5)), short(quantile(list, .99)))
}

func short(d time.Duration) string {
	if d >= time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
}
