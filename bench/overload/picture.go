package main

import (
	"bytes"
	"fmt"
	"math"
	"time"
)

// The measures of the picture, in pixels: two charts beside each other.
const (
	chartWidth  = 360.0
	chartHeight = 240.0
	chartLeft   = 60.0 // of the first chart
	chartTop    = 50.0
	chartNext   = 460.0 // from one chart to the next
)

// The axes. Times are on a logarithmic scale.
const (
	mostFactor  = 3.0
	mostGoodput = 120.0 // percent
	leastTime   = time.Millisecond
	decades     = 3
)

// style is of the colours for a light and a dark background.
const style = `<style>
text { font: 12px sans-serif; fill: #333 } .title { font-weight: bold } .grid { stroke: #888; stroke-opacity: .25 } .axis { stroke: #888 }
.bounded, .unbounded, .refused { fill: none; stroke-width: 2 }
.bounded { stroke: #0969da } .unbounded { stroke: #cf222e; stroke-dasharray: 6 3 } .refused { stroke: #8250df; stroke-dasharray: 2 3 }
.ideal { fill: none; stroke: #888; stroke-dasharray: 1 3 }
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .bounded { stroke: #58a6ff } .unbounded { stroke: #ff7b72 } .refused { stroke: #bc8cff }
}
</style>
`

// draw returns a picture of the points in SVG: goodput and times, by the rate that was offered.
func draw(points []point, peak float64) []byte {
	p := &picture{}
	p.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="900" height="390" viewBox="0 0 900 390" role="img" ` +
		`aria-label="Goodput and times by the rate that is offered">`)
	p.WriteString("\n" + style)
	p.left = chartLeft
	p.frame("Goodput, % of the peak")
	for y := 0.0; y <= mostGoodput; y += 20 {
		p.mark(y/mostGoodput, fmt.Sprintf("%.0f", y))
	}
	p.line("ideal", []spot{{0, 0}, {1 / mostFactor, 100 / mostGoodput}, {1, 100 / mostGoodput}})
	p.line("bounded", spots(points, func(pt *point) float64 { return pt.bounded.goodput() * 100 / mostGoodput / peak }))
	p.line("unbounded", spots(points, func(pt *point) float64 { return pt.unbounded.goodput() * 100 / mostGoodput / peak }))
	p.left += chartNext
	p.frame("99th percentile of times, ms")
	for n := range decades + 1 {
		p.mark(float64(n)/decades, fmt.Sprintf("%.0f", math.Pow(10, float64(n))))
	}
	p.line("bounded", spots(points, func(pt *point) float64 { return height(pt.bounded.good) }))
	p.line("unbounded", spots(points, func(pt *point) float64 { return height(pt.unbounded.good) }))
	p.line("refused", spots(points, func(pt *point) float64 { return height(pt.bounded.refused) }))
	p.legend()
	p.WriteString("</svg>\n")
	return p.Bytes()
}

// spot is a place in a chart: 0, 0 is the left bottom, and 1, 1 the right top.
type spot struct{ x, y float64 }

// spots returns the places of a value, without those where it is NaN.
func spots(points []point, value func(*point) float64) []spot {
	var list []spot
	for i := range points {
		if y := value(&points[i]); !math.IsNaN(y) {
			list = append(list, spot{points[i].factor / mostFactor, min(max(y, 0), 1)})
		}
	}
	return list
}

// fewest is how many times a percentile is taken of.
const fewest = 100

// height returns where the 99th percentile of times is; NaN if there are too few.
func height(list []time.Duration) float64 {
	if len(list) < fewest {
		return math.NaN()
	}
	return math.Log10(float64(quantile(list, .99))/float64(leastTime)) / decades
}

// picture is SVG.
type picture struct {
	bytes.Buffer

	left float64 // of the chart
}

// at returns where a spot of the chart is.
func (p *picture) at(s spot) (x, y float64) {
	return p.left + s.x*chartWidth, chartTop + (1-s.y)*chartHeight
}

// frame draws the axes of a chart.
func (p *picture) frame(title string) {
	x, y := p.at(spot{0, 1})
	fmt.Fprintf(p, `<text class="title" x="%g" y="%g">%s</text>`+"\n", x, y-18, title)
	for factor := 0.0; factor <= mostFactor; factor += .5 {
		x, y := p.at(spot{factor / mostFactor, 0})
		fmt.Fprintf(p, `<line class="grid" x1="%[1]g" y1="%[2]g" x2="%[1]g" y2="%[3]g"/><text x="%[1]g" y="%[4]g" text-anchor="middle">%[5]s</text>`+"\n",
			x, y, chartTop, y+18, multiple(factor))
	}
	x, y = p.at(spot{.5, 0})
	fmt.Fprintf(p, `<text x="%g" y="%g" text-anchor="middle">offered, as a multiple of the peak</text>`+"\n", x, y+38)
	x, y = p.at(spot{0, 0})
	fmt.Fprintf(p, `<path class="axis" fill="none" d="M%g %gV%gH%g"/>`+"\n", x, chartTop, y, x+chartWidth)
}

// mark draws a line of the grid, with a text at the axis.
func (p *picture) mark(height float64, text string) {
	x, y := p.at(spot{0, height})
	fmt.Fprintf(p, `<path class="grid" d="M%.4g %.4gh%.4g"/><text x="%.4g" y="%.4g" text-anchor="end">%s</text>`+"\n",
		x, y, chartWidth, x-8, y+4, text)
}

// line draws a line.
func (p *picture) line(class string, spots []spot) {
	if len(spots) == 0 {
		return
	}
	fmt.Fprintf(p, `<polyline class="%s" points="`, class)
	for _, s := range spots {
		x, y := p.at(s)
		fmt.Fprintf(p, "%.1f,%.1f ", x, y)
	}
	p.WriteString("\"/>\n")
}

// legend says below the charts what the lines are.
func (p *picture) legend() {
	const y = chartTop + chartHeight + 75
	x := chartLeft
	for _, entry := range []struct{ class, text string }{
		{"bounded", "the gateway"},
		{"refused", "its refusals"},
		{"unbounded", "without a bound"},
		{"ideal", "all that is offered, up to the peak"},
	} {
		fmt.Fprintf(p, `<path class="%s" d="M%g %gh30"/><text x="%g" y="%g">%s</text>`+"\n", entry.class, x, y, x+36, y+4, entry.text)
		x += 170
	}
}
