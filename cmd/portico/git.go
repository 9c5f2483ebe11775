package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/internal/project"
)

// gitFiles returns the files of the project in dir at a revision.
func gitFiles(ctx context.Context, dir, revision string) (project.Files, error) {
	if strings.HasPrefix(revision, "-") {
		return nil, fmt.Errorf("%q is not a git revision", revision)
	}
	if _, err := git(ctx, dir, "rev-parse", "--is-inside-work-tree"); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, fmt.Errorf("%q is no file, and git, which would know it as a revision, is not installed", revision)
		}
		return nil, fmt.Errorf("%q is neither a file nor a folder, and %s is not in a git repository, so it is no revision either", revision, dir)
	}
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("there is no file and no git revision %q%s", revision, revisionHint(ctx, dir, revision))
	}
	listed, err := git(ctx, dir, "ls-tree", "-r", "-z", strings.TrimSpace(commit), "--", "schema", "operations")
	if err != nil {
		return nil, err
	}
	var names []string
	var ids strings.Builder
	for entry := range strings.SplitSeq(listed, "\x00") {
		about, name, ok := strings.Cut(entry, "\t")
		fields := strings.Fields(about) // the mode, the type and the id
		if ok && len(fields) == 3 && fields[1] == "blob" && project.IsAPIFile(name) {
			names = append(names, name)
			ids.WriteString(fields[2] + "\n")
		}
	}
	return gitBlobs(ctx, dir, names, ids.String())
}

// gitBlobs returns the contents of files. ids has the id of each, one a line.
func gitBlobs(ctx context.Context, dir string, names []string, ids string) (project.Files, error) {
	cmd := exec.CommandContext(ctx, "git", "-C", dir, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(ids)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	files := project.Files{}
	for _, name := range names { // each is "<id> blob <size>\n<content>\n"
		head, rest, ok := bytes.Cut(out, []byte("\n"))
		size, err := strconv.Atoi(string(head[bytes.LastIndexByte(head, ' ')+1:]))
		if !ok || err != nil || size >= len(rest) {
			return nil, fmt.Errorf("git cat-file: %s: %s", name, head)
		}
		files[name], out = string(rest[:size]), rest[size+1:]
	}
	return files, nil
}

// revisionHint returns why there may be no such revision.
func revisionHint(ctx context.Context, dir, revision string) string {
	if shallow, err := git(ctx, dir, "rev-parse", "--is-shallow-repository"); err == nil && strings.TrimSpace(shallow) == "true" {
		return "; the clone is shallow: fetch the revision (with actions/checkout, set fetch-depth: 0)"
	}
	for _, remote := range []string{"origin/", "refs/remotes/origin/"} {
		if _, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", remote+revision+"^{commit}"); err == nil {
			return "; did you mean " + remote + revision + "?"
		}
	}
	return ""
}

// git runs git in a folder and returns what it prints.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failed
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(failed.Bytes()))
	}
	return out.String(), nil
}
