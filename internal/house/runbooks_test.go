package house

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parallax/internal/audit"
)

const runbooks = "../../runbooks"

// sections every page has, so that someone woken at night finds the same thing in the same place.
var sections = []string{"## What it means", "## How sure it is", "## What to do now", "## What can make it false", "## How it clears"}

// TestEveryKindHasARunbook wants a page for each kind, in the agreed form and in the index, and no page without a kind.
func TestEveryKindHasARunbook(t *testing.T) {
	t.Parallel()
	index := page(t, "README.md")
	wanted := map[string]bool{"README.md": true, "operate.md": true, "drill.md": true, "repair.md": true, "settlement.md": true, "embed.go": true}
	for _, kind := range audit.Kinds() {
		name := string(kind) + ".md"
		wanted[name] = true
		checkPage(t, kind, page(t, name))
		if !strings.Contains(index, "["+string(kind)+"]("+name+")") {
			t.Errorf("runbooks/README.md has no link to %s", name)
		}
	}
	there, err := os.ReadDir(runbooks)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range there {
		if !wanted[f.Name()] {
			t.Errorf("runbooks/%s belongs to no kind", f.Name())
		}
	}
}

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(runbooks, name))
	if err != nil {
		t.Errorf("a page is missing: %v", err)
	}
	return string(text)
}

func checkPage(t *testing.T, kind audit.Kind, text string) {
	t.Helper()
	if !strings.HasPrefix(text, "# "+string(kind)+"\n") {
		t.Errorf("runbooks/%s.md does not begin with its kind", kind)
	}
	at := 0
	for _, section := range sections {
		i := strings.Index(text[at:], "\n"+section+"\n")
		if i < 0 {
			t.Errorf("runbooks/%s.md has no section %q after the one before", kind, section)
			continue
		}
		at += i
	}
	if lines := strings.Count(text, "\n"); lines < 15 || lines > 45 {
		t.Errorf("runbooks/%s.md has %d lines, want 15 to 45", kind, lines)
	}
}
