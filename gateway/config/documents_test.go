package config_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
)

// The examples of configurations in the documents are valid.
func TestDocuments(t *testing.T) {
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for file, least := range map[string]int{"routing.md": 6, "resilience.md": 1} {
		text, err := os.ReadFile("../../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		found := block.FindAllSubmatch(text, -1)
		if len(found) < least {
			t.Errorf("%s has %d examples", file, len(found))
		}
		for _, example := range found {
			if _, err := config.Parse(example[1], noEnv); err != nil {
				t.Errorf("%s:\n%s\n%v", file, example[1], err)
			}
		}
	}
}
