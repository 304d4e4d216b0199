// Mutants replays testdata/mutations.txt: each line puts one defect into the auditor and names the case that must fail for
// it. A defect that passes, or does not compile, is reported, and the exit status is 1.
//
//	go run ./auditors/lww/testdata/mutants.go
//
// The sources stay as they are: go test gets each changed file as an overlay.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const folder = "auditors/lww"

func main() {
	survived, err := replay(filepath.Join(folder, "testdata", "mutations.txt"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if survived > 0 {
		fmt.Fprintf(os.Stderr, "%d defects passed\n", survived)
		os.Exit(1)
	}
}

func replay(list string) (survived int, err error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return 0, err
	}
	tmp, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	for n, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		outcome, err := play(tmp, line)
		if err != nil {
			return survived, fmt.Errorf("replay %s:%d: %w", list, n+1, err)
		}
		if outcome != "killed" {
			survived++
		}
		fmt.Printf("%s: %s\n", outcome, line)
	}
	return survived, nil
}

// play runs the named case against one defect.
func play(tmp, line string) (string, error) {
	parts := strings.Split(line, " | ")
	if len(parts) != 3 {
		return "", fmt.Errorf("%q is not of the form file | text => replacement | test", line)
	}
	old, replacement, ok := strings.Cut(parts[1], " => ")
	path, err := filepath.Abs(filepath.Join(folder, parts[0]))
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), old); !ok || n != 1 {
		return "", fmt.Errorf("%q stands %d times in %s", old, n, parts[0])
	}
	changed, overlay := filepath.Join(tmp, "changed.go"), filepath.Join(tmp, "overlay.json")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(source), old, replacement, 1)), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "test", "-vet=off", "-timeout=2m", "-overlay", overlay, "-run", "^"+strings.ReplaceAll(parts[2], "/", "$/^")+"$", "./"+folder).CombinedOutput()
	switch {
	case err == nil:
		return "passed", nil
	case strings.Contains(string(out), "[build failed]") || strings.Contains(string(out), "[setup failed]"):
		return "not compiled", nil
	default:
		return "killed", nil
	}
}
