package importer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/importer"
)

func TestChangesTellWhatIsNewAndWhatIsOther(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "schema/shared/a.graphqls"), "one\ntwo\nthree")
	write(t, filepath.Join(dir, "same"), "same\n")
	write(t, filepath.Join(dir, "empty"), "")
	draft := importer.Draft{Files: []importer.File{
		{Path: "schema/shared/a.graphqls", Content: []byte("one\n2\nthree\n")},
		{Path: "same", Content: []byte("same\n")},
		{Path: "new/file", Content: []byte("new\n")},
		{Path: "empty", Content: []byte("filled\n")},
	}}
	changes, err := draft.Changes(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		diff, err := c.Diff()
		if err != nil {
			t.Fatal(err)
		}
		if c.Overwrites() {
			got = append(got, diff)
		} else {
			got = append(got, "new "+c.Path+"\n")
		}
	}
	want := "--- a/schema/shared/a.graphqls\n+++ b/schema/shared/a.graphqls\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n" +
		"new new/file\n--- a/empty\n+++ b/empty\n@@ -0,0 +1 @@\n+filled\n"
	if strings.Join(got, "") != want {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, ""), want)
	}
}

func TestWriteMakesAllFilesOrNone(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "old"), "before")
	changes := []importer.Change{
		{File: importer.File{Path: "old", Content: []byte("after")}, Old: []byte("before")},
		{File: importer.File{Path: "deep/new", Content: []byte("new")}},
		{File: importer.File{Path: "taken", Content: []byte("new")}},
	}
	// A folder that has something in it can't be replaced by a file.
	write(t, filepath.Join(dir, "taken", "file"), "")
	err := importer.Write(dir, changes)
	if err == nil || !strings.Contains(err.Error(), "nothing was written") {
		t.Fatalf("got %v, want that nothing was written", err)
	}
	if got := files(t, dir); got != "old=before taken/file=" {
		t.Errorf("a failed write left %s", got)
	}
	if err := importer.Write(dir, changes[:2]); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); got != "deep/new=new old=after taken/file=" {
		t.Errorf("a write left %s", got)
	}
}

func TestWriteFailsBeforeItChangesAFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "")
	err := importer.Write(dir, []importer.Change{
		{File: importer.File{Path: "new", Content: []byte("new")}},
		{File: importer.File{Path: "file/below", Content: []byte("new")}},
	})
	if err == nil || !strings.Contains(err.Error(), "nothing was written") {
		t.Fatalf("got %v, want that nothing was written", err)
	}
	if got := files(t, dir); got != "file=" {
		t.Errorf("a failed write left %s", got)
	}
}

// files are the files below a folder with their content, sorted.
func files(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		below, _ := filepath.Rel(dir, name)
		all = append(all, filepath.ToSlash(below)+"="+string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}
