package imports_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fenced  = regexp.MustCompile("(?s)```.*?```")
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// Links between documents lead to files and headings that there are, by GitHub's names.
func TestLinksOfDocuments(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", "demo/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	texts, anchors := map[string]string{}, map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = fenced.ReplaceAllString(string(text), "")
		for _, match := range heading.FindAllStringSubmatch(texts[file], -1) {
			anchors[file] = append(anchors[file], strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(strings.TrimSpace(match[1])), ""), " ", "-"))
		}
	}
	links := 0
	for _, file := range files {
		for _, match := range link.FindAllStringSubmatch(texts[file], -1) {
			path, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			links++
			to := file
			if path != "" {
				to = filepath.Join(filepath.Dir(file), path)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %s is not there", file, match[1])
			} else if known := anchors[to]; anchor != "" && known != nil && !slices.Contains(known, anchor) {
				t.Errorf("%s: %s has no such heading", file, match[1])
			}
		}
	}
	if links < 300 {
		t.Errorf("%d links were found", links)
	}
}
