package problem_test

import (
	"errors"
	"fmt"
	"iter"

	"github.com/portico-gateway/portico/gateway/problem"
)

// A project may have codes of its own, on which its clients branch.
const OutOfStock problem.Code = "OUT_OF_STOCK"

// The frontend gets the message and {"code": "OUT_OF_STOCK", "available": 3}. It would get INTERNAL_SERVER_ERROR for an
// error that is no problem.
func ExampleNew() {
	err := problem.New(OutOfStock, "Only %d are left.", 3).With("available", 3)
	fmt.Println(err)
	fmt.Println(err.Code, err.Extensions)
	// Output:
	// OUT_OF_STOCK: Only 3 are left.
	// OUT_OF_STOCK map[available:3]
}

// The cause is logged, and not shown to the frontend.
func ExampleWrap() {
	cause := errors.New("dial tcp 10.0.0.7:5432: connection refused")
	err := problem.Wrap(cause, problem.ServiceError, "Prices are not available.")
	fmt.Println("shown: ", err.Message)
	fmt.Println("logged:", err)
	fmt.Println(errors.Is(err, cause))
	// Output:
	// shown:  Prices are not available.
	// logged: DOWNSTREAM_SERVICE_ERROR: Prices are not available.: dial tcp 10.0.0.7:5432: connection refused
	// true
}

// CodeOf finds the problem in wrapped errors, for tests and for errors of clients.
func ExampleCodeOf() {
	err := fmt.Errorf("place the order: %w", problem.New(OutOfStock, "Nothing is left."))
	fmt.Println(problem.CodeOf(err))
	fmt.Println(problem.CodeOf(errors.New("unknown")))
	// Output:
	// OUT_OF_STOCK
	// INTERNAL_SERVER_ERROR
}

// A method of a subscription reports an event that it can't deliver with OfEvent, and continues. Any other error would end
// the subscription.
func ExampleOfEvent() {
	// PriceChanged is the method of Subscription.priceChanged.
	priceChanged := func(prices []float64) iter.Seq2[float64, error] {
		return func(yield func(float64, error) bool) {
			for _, price := range prices {
				var err error
				if price < 0 {
					err = problem.OfEvent(problem.New(problem.ServiceError, "The price is not valid."))
				}
				if !yield(price, err) {
					return
				}
			}
		}
	}

	for price, err := range priceChanged([]float64{1.50, -1, 1.75}) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(price)
	}
	// Output:
	// 1.5
	// DOWNSTREAM_SERVICE_ERROR: The price is not valid.
	// 1.75
}
