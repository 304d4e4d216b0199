package app

import (
	"fmt"
	"io"

	"parallax/internal/audit"
	"parallax/runbooks"
)

// Runbook writes the page of a kind of finding, or the one named "operate", "drill" or "repair".
func Runbook(w io.Writer, name string) error {
	page, err := runbooks.Page(name)
	if err != nil {
		return fmt.Errorf("%q is no kind of finding: see parallax findings list, or read parallax runbook README", name)
	}
	_, err = w.Write(page)
	return err
}

// RunbookNames lists the pages.
func RunbookNames() []string {
	names := []string{"README", "operate", "drill", "repair"}
	for _, k := range audit.Kinds() {
		names = append(names, string(k))
	}
	return names
}
