package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"
)

// TestMain lets the tests run this program as a gateway.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == gatewayCommand {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err := run(ctx, os.Args[1:], os.Stdout)
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// The curve, with margins that hold on a busy machine: at three times the peak, what is too much is
// refused as it should be, the gateway goes on answering others, and the service is called for those only.
// What else the machine does in these seconds can spoil them, so that it is enough if they hold once.
func TestCurve(t *testing.T) {
	b, err := start(t.Context(), "", 20)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	const attempts = 5
	for range attempts {
		once, thrice := measurePeak(t, b)
		if once.wrong+thrice.wrong > 0 {
			t.Fatalf("%d answers are neither good nor refusals as they should be", once.wrong+thrice.wrong)
		}
		refuses, answers, few := len(thrice.refused)*5 >= thrice.sent, thrice.goodput() >= once.goodput()/5, thrice.inVain()*10 <= thrice.sent
		if refuses && answers && few {
			return
		}
		t.Logf("a fifth is refused: %t; a fifth of the answers at the peak is in time: %t; one call in ten requests at most is in vain: %t", refuses, answers, few)
	}
	t.Errorf("at three times the peak, these were not all true in any of %d attempts", attempts)
}

// measurePeak measures the peak, and what comes of as many requests and of three times as many.
func measurePeak(t *testing.T, b *bench) (once, thrice *measured) {
	t.Helper()
	const lasts = time.Second
	peak, err := b.peak(lasts)
	if err != nil {
		t.Fatal(err)
	}
	points := []point{{factor: 1}, {factor: 3}}
	for i := range points {
		if points[i].bounded, err = b.measure(b.bounded, points[i].factor*peak, lasts); err != nil {
			t.Fatal(err)
		}
		points[i].unbounded.lasted = lasts
	}
	var table bytes.Buffer
	writeTable(&table, points, peak)
	t.Logf("a peak of %.0f answers a second\n%s", peak, &table)
	return &points[0].bounded, &points[1].bounded
}

// The picture is XML, and has a line for each that has values.
func TestPicture(t *testing.T) {
	at := func(factor, goodput float64, refused int) point {
		m := measured{lasted: time.Second, sent: 1000, refused: make([]time.Duration, refused)}
		for range int(goodput) {
			m.good = append(m.good, 20*time.Millisecond)
		}
		return point{factor: factor, bounded: m, unbounded: m}
	}
	text := draw([]point{{factor: .5}, at(1, 900, 0), at(2, 500, 1000)}, 1000)
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for want, times := range map[string]int{
		`class="bounded"`: 3, `class="unbounded"`: 3, `class="refused"`: 2, // one is of the legend
		"NaN": 0, "Inf": 0, "%!": 0,
		`points="180.0,110.0 300.0,190.0 "`: 2, // nothing at 0.5
	} {
		if n := strings.Count(string(text), want); n != times {
			t.Errorf("%d times %q, want %d:\n%s", n, want, times, text)
		}
	}
}

func TestRates(t *testing.T) {
	var f factors
	if err := f.Set("0.5,3"); err != nil || f.String() != "0.5,3" {
		t.Errorf("%v %v", f, err)
	}
	for _, text := range []string{"", "x", "0", "-1", "4", "1,,2", "NaN"} {
		if err := f.Set(text); err == nil {
			t.Errorf("%q is taken: %v", text, f)
		}
	}
}
