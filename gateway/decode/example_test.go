package decode_test

import (
	"context"
	"fmt"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

// A method checks the values that it uses: if the service sent something else, the model has the zero value and a fault.
func ExampleFaults_Of() {
	type Product struct { // as generated, or your own with a field of this type
		Price  float64
		Faults *decode.Faults
	}
	// Label is the method of Product.label.
	label := func(_ context.Context, p *Product) (string, error) {
		if err := p.Faults.Of("price"); err != nil {
			return "", err
		}
		return fmt.Sprintf("only %.2f", p.Price), nil
	}

	valid := &Product{Price: 34.90}
	from := decode.Source{Service: "catalog"}
	invalid := &Product{Faults: from.FaultOf("Product", &decode.Mismatch{Want: "a number", Have: `"free"`}, "price")}
	for _, product := range []*Product{valid, invalid} {
		text, err := label(context.Background(), product)
		if err != nil {
			fmt.Println(problem.CodeOf(err))
			continue
		}
		fmt.Println(text)
	}
	// Output:
	// only 34.90
	// DOWNSTREAM_SERVICE_ERROR
}

// A hand-written client that reads an answer member by member. Most use upstream.GetJSON instead, which decodes a whole
// answer into a Go value.
func ExampleJSON() {
	// In a client, upstream.HTTP.GetJSON returns the reader.
	d := decode.NewJSON(`{"id": 7, "name": "Kettle", "details": {"unused": true}}`, decode.Source{Service: "catalog"})

	var id, name string
	read := func() error {
		if err := d.Object(); err != nil {
			return err
		}
		for d.Next() {
			var err error
			switch d.Name() {
			case "id":
				id, err = d.Text() // a string, or the digits of a number
			case "name":
				name, err = d.String()
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	// Done also checks the rest of the text, and makes a problem of an error.
	if err := d.Done("the product", read()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id, name)
	// Output: 7 Kettle
}
