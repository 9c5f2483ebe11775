package binding_test

import (
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/binding"
)

func TestNaming(t *testing.T) {
	for name, want := range map[string]string{
		"id":            "id Id id ID id",
		"categoryId":    "categoryId CategoryId category_id CATEGORY_ID category-id",
		"IN_TRANSIT":    "inTransit InTransit in_transit IN_TRANSIT in-transit",
		"HTMLPage2":     "htmlPage2 HtmlPage2 html_page2 HTML_PAGE2 html-page2",
		"sha256Sum":     "sha256Sum Sha256Sum sha256_sum SHA256_SUM sha256-sum",
		"userIDs":       "userIDs UserIds user_ids USER_IDS user-ids",
		"_id":           "_id _Id _id _ID _id",
		"a__b":          "aB AB a_b A_B a-b",
		"already_snake": "alreadySnake AlreadySnake already_snake ALREADY_SNAKE already-snake",
		"___":           "___ ___ ___ ___ ___",
	} {
		var got []string
		for _, n := range []binding.Naming{binding.CamelCase, binding.PascalCase, binding.SnakeCase, binding.UpperSnakeCase, binding.KebabCase} {
			got = append(got, n.Of(name))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: got %s, want %s", name, text, want)
		}
		if got := binding.Naming("").Of(name); got != name {
			t.Errorf("%s became %s", name, got)
		}
	}
}
