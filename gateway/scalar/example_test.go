package scalar_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Color is the Go type of a scalar of the project: a color in RGB, such as "#ff8800". gqlgen.yml names it:
//
//	models:
//	  Color:
//	    model: example.com/shop/color.Color
type Color [3]byte

// MarshalText encodes the color for services.
func (c Color) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "#%x", c[:]), nil }

// UnmarshalText decodes the color of a service. An error is a fault of the field, and makes it null.
func (c *Color) UnmarshalText(text []byte) error {
	if len(text) != 7 || text[0] != '#' {
		return fmt.Errorf("%q is not a color", text)
	}
	_, err := hex.Decode(c[:], text[1:])
	return err
}

// MarshalGQL writes the JSON that callers receive.
func (c Color) MarshalGQL(w io.Writer) { _, _ = fmt.Fprintf(w, `"#%x"`, c[:]) }

// UnmarshalGQL parses the value of a caller. The caller sees the message of a problem.
func (c *Color) UnmarshalGQL(value any) error {
	text, _ := value.(string)
	if c.UnmarshalText([]byte(text)) != nil {
		return problem.New(problem.BadUserInput, `A color is a string such as "#ff8800".`)
	}
	return nil
}

// A scalar with a Go type of the project's own.
func Example() {
	var color Color
	if err := color.UnmarshalGQL("#FF8800"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(color[0], color[1], color[2])
	color.MarshalGQL(os.Stdout)
	fmt.Println()
	fmt.Println(color.UnmarshalGQL(7))
	// Output:
	// 255 136 0
	// "#ff8800"
	// BAD_USER_INPUT: A color is a string such as "#ff8800".
}
